//! Lists of the shell's options, in the columns that go-task's shell prints: `name`, a tab, `on` or `off`.
//!
//! bash pads names with spaces, and its `shopt NAME` fails when the option is off. What sets options stays
//! bash's own, as does a list that is not plainly one.

use super::lexer::features;

/// The function that puts bash's lists into such columns.
const COLUMNS: &str = "__columns() { local name state; while read -r name state; do \
    builtin printf '%s\\t%s\\n' \"$name\" \"$state\"; done; }; ";

/// `shopt`, and with it `shopt NAME…` and `shopt -o NAME…`; a name that does not exist is still a failure.
const SHOPT: &str = "shopt() { case \" $*\" in ' ' | ' -o' | ' -o '* | ' '[!-]*) ;; \
    *) builtin shopt \"$@\"; return ;; esac; \
    local list lines names=$#; list=$(builtin shopt \"$@\") || :; [[ ${1-} != -o ]] || names=$((names - 1)); \
    [[ -z $list ]] || __columns <<<\"$list\"; \
    lines=${list//[!$'\\n']/}; \
    [[ $names -eq 0 ]] || [[ -n $list && ${#lines} -eq $((names - 1)) ]]; }; ";

/// The script with its lists in go-task's columns; `None` when it has none.
pub(super) fn in_columns(script: &str) -> Option<String> {
    let lists_options = script.contains("shopt");
    let lists = match script.contains("set") && script.contains("-o") {
        true => features(script).option_lists,
        false => Vec::new(),
    };
    if !lists_options && lists.is_empty() {
        return None;
    }
    let mut text = COLUMNS.to_string();
    text.push_str(if lists_options { SHOPT } else { "" });
    let mut copied = 0;
    for end in lists {
        text.push_str(&script[copied..end]);
        text.push_str(" | __columns");
        copied = end;
    }
    text.push_str(&script[copied..]);
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What bash prints for the script, and its exit code.
    fn bash(script: &str) -> (String, Option<i32>) {
        let script = in_columns(script).unwrap_or_else(|| script.into());
        let output = Command::new("bash").args(["-e", "-p", "-c", "--", &script]).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code())
    }

    #[test]
    fn options_are_listed_with_one_tab() {
        assert_eq!(bash("set -o | grep pipefail"), ("pipefail\toff\n".into(), Some(0)));
        assert_eq!(bash("set -o pipefail; set -o | grep pipe"), ("pipefail\ton\n".into(), Some(0)));
        assert_eq!(bash("shopt | grep extglob"), ("extglob\toff\n".into(), Some(0)));
        assert_eq!(bash("shopt -o | grep noclob"), ("noclobber\toff\n".into(), Some(0)));
        assert_eq!(bash("shopt -o noclobber"), ("noclobber\toff\n".into(), Some(0)));
    }

    #[test]
    fn asking_for_an_option_that_is_off_succeeds_and_for_one_that_is_not_there_fails() {
        let both = "globstar\toff\nextglob\ton\n";
        assert_eq!(bash("shopt -s extglob; shopt globstar extglob"), (both.into(), Some(0)));
        assert_eq!(bash("shopt globstar nope || echo no"), ("globstar\toff\nno\n".into(), Some(0)));
        assert_eq!(bash("shopt nope || echo no"), ("no\n".into(), Some(0)));
    }

    #[test]
    fn options_are_set_and_asked_for_as_in_bash() {
        assert_eq!(bash("shopt -s extglob; shopt -q extglob && echo on"), ("on\n".into(), Some(0)));
        assert_eq!(bash("shopt -p extglob || :"), ("shopt -u extglob\n".into(), Some(0)));
        assert_eq!(bash("set -o nounset; echo $nope"), (String::new(), Some(1)));
        assert_eq!(bash("set -- a b; set -o errexit; echo $2"), ("b\n".into(), Some(0)));
    }

    #[test]
    fn only_a_whole_command_is_a_list() {
        let insertions = |script| in_columns(script).map(|text| text.matches(" | __c").count());
        for script in
            ["set -o", "a; set -o|b", "a && set  -o\nb", "x=$(set -o)", "if set -o; then :; fi"]
        {
            assert_eq!(insertions(script), Some(1), "{script}");
        }
        for script in
            ["set -o posix", "echo set -o", "echo 'set -o'", "# set -o", "set -o >f", "xset -o"]
        {
            assert_eq!(insertions(script), None, "{script}");
        }
    }
}
