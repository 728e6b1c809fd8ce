//! Each group of functions, as templates call them.

use super::{check, render};

#[test]
fn strings() {
    check(&[
        (
            "{{trim \" a \"}}|{{trimAll \"-\" \"-a-\"}}|{{trimSuffix \".c\" \"a.c\"}}|{{trimPrefix \"a\" \"ab\"}}",
            "a|a|a|b",
        ),
        (
            "{{upper \"aß\"}} {{lower \"AÉ\"}} {{title \"two words_x don't\"}}",
            "Aß aé Two Words_x Don'T",
        ),
        (
            "{{trunc 2 \"abc\"}} {{trunc -2 \"abc\"}} {{substr 1 2 \"abc\"}} {{substr 1 -1 \"abc\"}}",
            "ab bc b bc",
        ),
        ("{{repeat 3 \"ab\"}} {{replace \"a\" \"b\" \"aXa\"}}", "ababab bXb"),
        (
            "{{contains \"b\" \"abc\"}} {{hasPrefix \"b\" \"abc\"}} {{hasSuffix \"c\" \"abc\"}}",
            "true false true",
        ),
        (
            "{{quote \"a\\\"\" 1}} {{squote \"a\" nil 2}} {{cat \"a\" nil 1}}",
            "\"a\\\"\" \"1\" 'a' '2' a 1",
        ),
        ("{{indent 2 \"a\\nb\"}}{{nindent 1 \"c\"}}", "  a\n  b\n c"),
        ("{{plural \"one\" \"many\" 1}} {{plural \"one\" \"many\" 0}}", "one many"),
        (
            "{{split \"/\" \"a/b\"}} {{(splitn \"/\" 2 \"a/b/c\")._1}} {{splitList \"\" \"aé\"}}",
            "map[_0:a _1:b] b/c [a é]",
        ),
        (
            "{{join \"-\" (list 1 nil \"b\")}} {{sortAlpha (list \"b\" 10 \"a\")}} {{toStrings (list 1 true)}}",
            "1-b [10 a b] [1 true]",
        ),
        (
            "{{catLines \"a\\r\\nb\\nc\"}} {{splitLines \"a\\r\\nb\"}} {{toString 1.5}}",
            "a b c [a b] 1.5",
        ),
    ]);
}

#[test]
fn numbers() {
    check(&[
        (
            "{{add 1 \"2\" 3.9}} {{sub 5 2}} {{mul 2 3}} {{div 7 2}} {{mod -7 3}} {{add1 1}}",
            "6 3 6 3 -1 2",
        ),
        ("{{max 1 3 2}} {{min 3 1}} {{maxf 1 2.5}} {{minf 1 0.5}}", "3 1 2.5 0.5"),
        (
            "{{int \"7\"}} {{int \"x\"}} {{int64 2.9}} {{float64 \"1.5\"}} {{atoi \"-3\"}} {{toDecimal \"17\"}}",
            "7 0 2 1.5 -3 15",
        ),
        ("{{round 2.345 2}} {{round 1.2 0 0.1}} {{ceil 1.1}} {{floor -1.1}}", "2.35 2 2 -2"),
        (
            "{{until 3}} {{until -2}} {{untilStep 1 8 3}} {{untilStep 3 0 -1}}",
            "[0 1 2] [0 -1] [1 4 7] [3 2 1]",
        ),
        (
            "{{seq 3}}|{{seq -1}}|{{seq 2 4}}|{{seq 0 2 5}}|{{seq 5 -2 1}}|{{seq}}",
            "1 2 3|1 0 -1|2 3 4|0 2 4|5 3 1|",
        ),
        ("{{randInt 4 5}} {{randIntN 1}}", "4 0"),
        (
            "{{mod 1 0}}",
            "! template: :1:2: executing \"\" at <mod 1 0>: error calling mod: runtime error: integer divide by zero",
        ),
    ]);
}

#[test]
fn fallbacks() {
    check(&[
        (
            "{{default \"d\" .NO}} {{.WORD | default \"d\"}} {{default \"d\" 0}} {{default \"d\"}}",
            "d river d d",
        ),
        (
            "{{coalesce .NO \"\" \"c\"}} {{empty .LIST}} {{all 1 \"\"}} {{any 0 \"x\"}}",
            "c false false true",
        ),
        ("{{ternary \"a\" \"b\" .YES}} {{.YES | ternary 1 2}}", "a 1"),
        (
            "{{fail \"why\"}}",
            "! template: :1:2: executing \"\" at <fail \"why\">: error calling fail: why",
        ),
    ]);
}

#[test]
fn lists() {
    check(&[
        (
            "{{list 1 \"a\"}} {{tuple}} {{append .LIST 1}} {{prepend .LIST 0}}",
            "[1 a] [] [x y z 1] [0 x y z]",
        ),
        (
            "{{first .LIST}}{{last .LIST}} {{rest .LIST}} {{initial .LIST}} {{reverse .LIST}}",
            "xz [y z] [x y] [z y x]",
        ),
        (
            "{{uniq (list 1 2 1)}} {{compact (list 0 1 \"\" nil)}} {{without .LIST \"x\" \"z\"}}",
            "[1 2] [1] [y]",
        ),
        (
            "{{has \"y\" .LIST}} {{has 1 nil}} {{slice .LIST 1}} {{slice .LIST 0 2}}",
            "true false [y z] [x y]",
        ),
        ("{{concat .LIST (list 1) (list)}} {{chunk 2 .LIST}}", "[x y z 1] [[x y] [z]]"),
        (
            "{{slice \"abc\" 1}}",
            "! template: :1:2: executing \"\" at <slice \"abc\" 1>: error calling slice: list should be type of slice or array but string",
        ),
        (
            "{{first 3}}",
            "! template: :1:2: executing \"\" at <first 3>: error calling first: Cannot find first on type int",
        ),
    ]);
}

#[test]
fn dicts() {
    check(&[
        (
            "{{dict \"b\" 1 \"a\" 2 \"c\"}} {{get .MAP \"b-c\"}}|{{get .MAP \"no\"}}|{{hasKey .MAP \"a\"}}",
            "map[a:2 b:1 c:] 2||true",
        ),
        (
            "{{keys .MAP}} {{values (dict \"k\" 1)}} {{pluck \"name\" (index .PEOPLE 0) (index .PEOPLE 1) .MAP}}",
            "[a b-c] [1] [ann bob]",
        ),
        ("{{pick .MAP \"b-c\" \"no\"}} {{omit .MAP \"a\"}}", "map[b-c:2] map[b-c:2]"),
        ("{{merge (dict \"a\" 1 \"b\" 1) (dict \"b\" 2)}}", "map[a:1 b:2]"),
        ("{{dig \"a\" \"deep\" \"-\" .MAP}} {{dig \"a\" \"no\" \"-\" .MAP}}", "sea -"),
        ("{{set (dict) \"k\" 1}} {{unset .MAP \"a\"}}", "map[k:1] map[b-c:2]"),
    ]);
}

#[test]
fn types() {
    check(&[
        (
            "{{typeOf 1}} {{typeOf .LIST}} {{typeOf .MAP}} {{typeOf nil}} {{kindOf .LIST}} {{kindOf 1.5}}",
            "int []interface {} map[string]interface {} <nil> slice float64",
        ),
        (
            "{{typeIs \"string\" .WORD}} {{kindIs \"map\" .MAP}} {{typeIsLike \"int\" 1}} {{deepEqual .LIST (list \"x\" \"y\" \"z\")}}",
            "true true true true",
        ),
    ]);
}

#[test]
fn encodings() {
    check(&[
        (
            "{{b64enc \"a?\"}} {{b64dec \"YT8=\"}} {{b64dec \"YT\"}}",
            "YT8= a? illegal base64 data at input byte 0",
        ),
        ("{{b32enc \"a\"}} {{b32dec \"ME======\"}} {{adler32sum \"abc\"}}", "ME====== a 38600999"),
        ("{{sha1sum \"abc\"}}", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "{{sha256sum \"abc\"}}",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
    ]);
}

#[test]
fn json() {
    check(&[
        (
            "{{toJson .MAP}} {{toJson (list 1 0.5 \"<a>\\n\" nil true)}}",
            "{\"a\":{\"deep\":\"sea\"},\"b-c\":2} [1,0.5,\"\\u003ca\\u003e\\n\",null,true]",
        ),
        (
            "{{toRawJson \"<a>\"}} {{toPrettyJson (dict \"a\" (list 1) \"b\" (dict))}}",
            "\"<a>\" {\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}",
        ),
        (
            "{{(fromJson \"{\\\"a\\\": [1, 2.5]}\").a}} {{fromJson \"{\"}}|{{typeOf (fromJson \"1\")}}",
            "[1 2.5] |float64",
        ),
    ]);
    assert!(render("{{mustFromJson \"{\"}}").contains("error calling mustFromJson: "));
}

#[test]
fn yaml() {
    check(&[
        ("{{toYaml (list \"a \\nb\" \"a\\tb\")}}", "- \"a \\nb\"\n- \"a\\tb\"\n"),
        ("{{toYaml .PEOPLE}}", "- age: 30\n  name: ann\n- age: 40\n  name: bob\n"),
        (
            "{{toYaml (dict \"l\" .LIST \"e\" (list) \"m\" (dict) \"n\" nil)}}",
            "e: []\nl:\n    - x\n    - \"y\"\n    - z\nm: {}\n\"n\": null\n",
        ),
        (
            "{{toYaml (list \"true\" \"1\" \"a: b\" \"#c\" \"a\\nb\\n\" \"it's\" \"\" \"2024-01-02\")}}",
            "- \"true\"\n- \"1\"\n- 'a: b'\n- '#c'\n- |\n  a\n  b\n- it's\n- \"\"\n- \"2024-01-02\"\n",
        ),
        (
            "{{toYaml (dict \"k10\" 1 \"k9\" (list (list 1 2)))}}",
            "k9:\n    - - 1\n      - 2\nk10: 1\n",
        ),
        ("{{toYaml (list (dict \"a\" (list 1)))}}", "- a:\n    - 1\n"),
        (
            "{{fromYaml \"a: [1, 1.5, yes, null]\"}} {{fromYaml \"a: :\"}}",
            "map[a:[1 1.5 yes <nil>]] ",
        ),
    ]);
    assert!(render("{{mustFromYaml \"a: :\"}}").contains("error calling mustFromYaml: yaml: "));
}

#[test]
fn regexes() {
    check(&[
        (
            "{{regexMatch \"^r.*r$\" .WORD}} {{regexMatch \"[\" \"x\"}} {{regexFind \"[aeiou]+\" .WORD}}",
            "true false i",
        ),
        ("{{regexFindAll \"[a-z]\" \"a1b2c\" 2}} {{regexFindAll \"x\" \"a\" -1}}", "[a b] []"),
        (
            "{{regexReplaceAll \"(\\\\w)(\\\\d)\" \"a1 b2\" \"$2$1\"}} {{regexReplaceAll \"(.)\" \"ab\" \"${1}x$1x\"}}",
            "1a 2b axbx",
        ),
        (
            "{{regexReplaceAll \"(?P<n>a)\" \"cab\" \"<$n$$>\"}} {{regexReplaceAllLiteral \"a\" \"cab\" \"$1\"}}",
            "c<a$>b c$1b",
        ),
        (
            "{{regexSplit \",\" \"a,b,c\" -1}} {{regexSplit \",\" \"a,b,c\" 2}} {{regexQuoteMeta \"a.b*\"}}",
            "[a b c] [a b,c] a\\.b\\*",
        ),
        (
            "{{regexFind \"[[&]+\" \"a[&\"}} {{regexFind \"a{\" \"a{b\"}} {{regexMatch \"\\\\d\" \"٣\"}}",
            "[& a{ false",
        ),
    ]);
    assert!(
        render("{{regexFind \"(\" \"x\"}}")
            .contains("regexp: Compile(\"(\"): error parsing regexp")
    );
}

#[test]
fn dates() {
    check(&[
        (
            "{{dateInZone \"2006-01-02 15:04\" now \"UTC\"}} {{htmlDateInZone 86400 \"UTC\"}}",
            "2024-03-05 14:07 1970-01-02",
        ),
        (
            "{{dateInZone \"15:04 MST\" 0 \"America/New_York\"}} {{dateInZone \"15\" 0 \"Nowhere\"}}",
            "19:00 EST 00",
        ),
        (
            "{{$t := toDate \"2006-01-02T15:04:05Z07:00\" \"2024-01-02T03:04:05+01:00\"}}{{unixEpoch $t}} {{unixEpoch (dateModify \"-1h\" $t)}}",
            "1704161045 1704157445",
        ),
        (
            "{{duration \"95\"}} {{durationRound \"2h10m\"}} {{durationRound \"800h\"}} {{ago now}}",
            "1m35s 2h 1mo 0s",
        ),
        (
            "{{now.Unix}} {{now.Year}} {{now.Month}} {{(now).Format \"2006\"}} {{$t := now}}{{$t.Format \"01\" | len}}",
            "1709647629 2024 March 2024 2",
        ),
        ("{{kindOf now}} {{typeOf now}}", "struct time.Time"),
        (
            "{{len uuid}} {{uuid | print | len}} {{uuid.String | len}} {{kindOf uuid}} {{typeOf uuid}}",
            "16 36 36 array uuid.UUID",
        ),
        (
            "{{printf \"%q\" uuid | len}} {{toJson uuid | len}} {{range uuid}}x{{end}} {{lt (index uuid 0) 256}}",
            "38 38 xxxxxxxxxxxxxxxx true",
        ),
    ]);
    assert!(render("{{mustToDate \"2006\" \"x\"}}").contains("parsing time \"x\" as \"2006\""));
}

#[test]
fn paths() {
    check(&[
        (
            "{{base \"/a/b.c\"}} {{base \"\"}} {{base \"//\"}} {{dir \"/a/b\"}} {{dir \"a\"}} {{ext \"a.b/c\"}} {{ext \"c.tar.gz\"}}",
            "b.c . / /a .  .gz",
        ),
        (
            "{{clean \"a//b/../../..\"}} {{clean \"/..\"}} {{clean \"\"}} {{isAbs \"/a\"}} {{osIsAbs \"a\"}}",
            ".. / . true false",
        ),
        (
            "{{joinPath \"a\" \"\" \"../b\" \"c/\"}} {{relPath \"/a/b\" \"/a/c/d\"}} {{relPath \"a\" \"a\"}}",
            "b/c ../c/d .",
        ),
        ("{{absPath \"x/../y\"}} {{absPath \"/z/\"}} {{toSlash \"a/b\"}}", "/w/d/y /z a/b"),
    ]);
    assert!(render("{{relPath \"/a\" \"b\"}}").contains("Rel: can't make b relative to /a"));
}

#[test]
fn urls() {
    check(&[
        (
            "{{$u := urlParse \"https://me:pw@host:80/a%20b?q=1#top\"}}{{$u.scheme}} {{$u.host}} {{$u.hostname}} {{$u.path}} {{$u.query}} {{$u.fragment}} {{$u.userinfo}}",
            "https host:80 host /a b q=1 top me:pw",
        ),
        (
            "{{urlJoin (dict \"scheme\" \"http\" \"host\" \"h\" \"path\" \"/a b\" \"query\" \"q=1\")}} {{urlJoin (urlParse \"mailto:a@b.c\")}}",
            "http://h/a%20b?q=1 mailto:a@b.c",
        ),
        ("{{urlquery \"a b/ü\"}}", "a+b%2F%C3%BC"),
    ]);
}

#[test]
fn the_shell_and_the_world() {
    check(&[
        (
            "{{shellQuote \"plain\"}} {{shellQuote \"\"}} {{q \"a b\"}} {{q \"it's $x\"}} {{q \"a\\tb'\"}} {{q \"if\"}}",
            "plain '' 'a b' \"it's \\$x\" $'a\\tb\\'' 'if'",
        ),
        (
            "{{splitArgs `a 'b  $HOME' d\\ e \"$HOME\\\" x\"y $HOME/z $NO '' ~/p # c` | toJson}}",
            r#"["a","b  $HOME","d e","/home/u\" xy","/home/u/z","","/home/u/p"]"#,
        ),
        (
            "{{env \"HOME\"}}|{{env \"NO\"}}|{{expandenv \"$HOME/${HOME}/$NO.$\"}}",
            "/home/u||/home/u//home/u/.$",
        ),
        ("{{numCPU}} {{IsSH}} {{hello}}", "8 true Hello!"),
        (
            "{{spew (dict \"k\" (list 1 \"a\" nil))}}",
            "(map[string]interface {}) (len=1) {\n (string) (len=1) \"k\": ([]interface {}) (len=3 cap=3) {\n  (int) 1,\n  (string) (len=1) \"a\",\n  (interface {}) <nil>\n }\n}\n",
        ),
    ]);
}

#[test]
fn builtins() {
    check(&[
        (
            "{{html \"<a href='x'>&\\\"\"}} {{js \"it's <b>\"}}",
            "&lt;a href=&#39;x&#39;&gt;&amp;&#34; it\\'s \\u003Cb\\u003E",
        ),
        (
            "{{index .MAP \"a\" \"deep\"}} {{index \"abc\" 1}} {{index .MAP \"no\"}}|{{len \"é\"}}",
            "sea 98 |2",
        ),
        (
            "{{lt 1 2}} {{le \"a\" \"a\"}} {{gt 1.5 0.5}} {{ge 1 2}} {{ne 1 2}} {{eq nil .NO}} {{eq 3 1 2 3}}",
            "true true true false true true true",
        ),
        (
            "{{index .LIST 3}}",
            "! template: :1:2: executing \"\" at <index .LIST 3>: error calling index: index out of range: 3",
        ),
        (
            "{{eq .LIST .LIST}}",
            "! template: :1:2: executing \"\" at <eq .LIST .LIST>: error calling eq: non-comparable type [x y z]: []interface {}",
        ),
        (
            "{{lt true false}}",
            "! template: :1:2: executing \"\" at <lt true false>: error calling lt: invalid type for comparison",
        ),
    ]);
}

#[test]
fn what_is_put_together_for_the_environment_and_the_web() {
    check(&[
        ("{{joinEnv \"a\" \"\" \"b\"}}|{{joinEnv}}", "a::b|"),
        (
            "{{joinUrl \"http://h/x\" \"..\" \"y\"}} {{joinUrl \"a/b\" \"../c/\"}} {{joinUrl \"http://h\"}}",
            "http://h/y a/c/ http://h/",
        ),
        ("{{joinUrl \"http://h/a//b?q=1#f\" \"../../../..\" \"c d\"}}", "http://h/c%20d?q=1#f"),
    ]);
}
