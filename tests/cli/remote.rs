//! Taskfiles from the network: nothing of them runs before they are trusted.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::harness::{Ran, Test};
use crate::pty::Terminal;

/// A server of files that lives as long as the tests.
struct Server {
    address: String,
    files: Files,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What a file says that the server cannot give.
const BROKEN: &str = "!";

type Files = Arc<Mutex<HashMap<String, String>>>;

impl Server {
    fn new(files: &[(&str, &str)]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let files: HashMap<_, _> =
            files.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect();
        let server = Server { address, files: Arc::new(Mutex::new(files)), asked: Arc::default() };
        let (files, asked) = (server.files.clone(), server.asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &files, &asked);
            }
        });
        server
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn put(&self, path: &str, text: &str) {
        self.files.lock().expect("no panic").insert(path.into(), text.into());
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }

    /// Nobody answers there from now on.
    fn nowhere() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("http://{}/Taskfile.yml", listener.local_addr().expect("an address"))
    }
}

fn answer(stream: TcpStream, files: &Files, asked: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let path = lines.next().unwrap_or_default().split(' ').nth(1).unwrap_or_default().to_string();
    lines.find(|line| line.is_empty());
    asked.lock().expect("no panic").push(path.clone());
    let (status, text) = match files.lock().expect("no panic").get(&path) {
        Some(text) if text == BROKEN => ("500 Internal Server Error", String::new()),
        Some(text) => ("200 OK", text.clone()),
        None => ("404 Not Found", String::new()),
    };
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    // Who does not wait for the answer does not get it.
    let _ = (&stream).write_all((head + &text).as_bytes());
}

const LIB: &str = "{version: '3', tasks: {hello: echo hello}}";

/// Whether what fetches is there; says so when not.
fn can_fetch() -> bool {
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    if !has_curl {
        println!("skipped: there is no curl");
    }
    has_curl
}

fn including(url: &str) -> Test {
    Test::new().taskfile(&format!("version: '3'\nincludes:\n  lib: {url}\n"))
}

fn trusting(url: &str) -> Test {
    including(url).args(["run", "--insecure", "-y"])
}

#[test]
fn an_include_from_the_network_runs_once_it_is_trusted() {
    if !can_fetch() {
        return;
    }
    let server = Server::new(&[("/Taskfile.yml", LIB)]);
    trusting(&server.url("/Taskfile.yml")).args(["-s", "lib:hello"]).stdout("hello\n").run();
    assert_eq!(server.asked(), ["/Taskfile.yml"]);
}

#[test]
fn nothing_of_an_untrusted_file_runs() {
    if !can_fetch() {
        return;
    }
    let evil =
        "{version: '3', vars: {X: {sh: touch evil}}, tasks: {hello: 'touch evil; echo {{.X}}'}}";
    let server = Server::new(&[("/Taskfile.yml", evil)]);
    for args in [&["lib:hello"][..], &["list"], &["plan", "lib:hello"], &["-l"]] {
        let ran = including(&server.url("/Taskfile.yml"))
            .args(args.iter().copied())
            .env("TASK_REMOTE_INSECURE", "true")
            .stderr_has("is not trusted yet, and there is no terminal to ask")
            .stderr_has(" --> Taskfile.yml:3:8\n")
            .status(104)
            .run();
        assert!(!ran.has("evil") && !ran.has(".par/remote"), "{args:?}");
    }
}

#[test]
fn what_is_not_encrypted_has_to_be_allowed() {
    let server = Server::new(&[("/Taskfile.yml", LIB)]);
    let test = including(&server.url("/Taskfile.yml")).args(["-y", "lib:hello"]);
    test.stderr_has("is not encrypted")
        .stderr_has("= help: `--insecure` allows it")
        .status(105)
        .run();
    assert_eq!(server.asked(), [""; 0]);
}

/// The project after a run that trusted what the server had then.
fn trusted(server: &Server) -> Ran {
    trusting(&server.url("/Taskfile.yml")).args(["-s", "lib:hello"]).stdout("hello\n").run()
}

#[test]
fn what_was_trusted_is_not_asked_about_until_it_changes() {
    if !can_fetch() {
        return;
    }
    let server = Server::new(&[("/Taskfile.yml", LIB)]);
    let ran = trusted(&server);
    let ran = ran.again().args(["run", "--insecure", "-s", "lib:hello"]).stdout("hello\n").run();
    server.put("/Taskfile.yml", &LIB.replace("echo hello", "echo changed"));
    let again = ran.again().args(["run", "--insecure", "-s", "lib:hello"]);
    again.stderr_has("is not trusted yet").status(104).run();
}

#[test]
fn a_copy_is_used_offline_and_while_it_is_young() {
    if !can_fetch() {
        return;
    }
    let server = Server::new(&[("/Taskfile.yml", LIB)]);
    let ran = trusted(&server);
    server.put("/Taskfile.yml", &LIB.replace("echo hello", "echo changed"));
    let offline = ["run", "--insecure", "--offline", "-s", "lib:hello"];
    let ran = ran.again().args(offline).stdout("hello\n").run();
    let young = ["run", "--insecure", "--expiry", "24h", "-s", "lib:hello"];
    let ran = ran.again().args(young).stdout("hello\n").run();
    assert_eq!(server.asked().len(), 1);
    let fetch = ["run", "--insecure", "--expiry", "24h", "--download", "-y", "lib:hello"];
    let ran = ran.again().args(fetch).run();
    let ran = ran.again().args(young).stdout("changed\n").run();
    assert_eq!(server.asked().len(), 2);
    let ran = ran.again().args(["run", "--clear-cache"]).run();
    let gone = ran.again().args(offline);
    gone.stderr_has("was never downloaded").status(106).run();
}

#[test]
fn a_server_that_fails_leaves_the_copy() {
    if !can_fetch() {
        return;
    }
    let server = Server::new(&[("/Taskfile.yml", LIB)]);
    let ran = trusted(&server);
    server.put("/Taskfile.yml", BROKEN);
    let again = ran.again().args(["run", "--insecure", "-s", "lib:hello"]).stdout("hello\n");
    again.stderr_has("(the server answers with status 500); the copy that is kept is used\n").run();
    let test = trusting(&server.url("/Taskfile.yml")).args(["lib:hello"]);
    test.stderr_has("cannot be had: the server answers with status 500").status(103).run();
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    if !can_fetch() {
        return;
    }
    let test = trusting(&Server::nowhere()).args(["lib:hello"]);
    test.stderr_has("cannot be had: ").status(103).run();
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    if !can_fetch() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/Taskfile.yml", listener.local_addr().expect("an address"));
    let test = trusting(&url).args(["--timeout", "50ms", "lib:hello"]);
    test.stderr_has("did not arrive within 50ms").status(108).run();
}

#[test]
fn a_pinned_file_needs_no_question_and_must_be_what_was_pinned() {
    if !can_fetch() {
        return;
    }
    let server = Server::new(&[("/Taskfile.yml", LIB)]);
    let pinned = |checksum: &str| {
        let url = server.url("/Taskfile.yml");
        let include = format!("{{taskfile: '{url}', checksum: {checksum}}}");
        including(&include).args(["run", "--insecure", "-s", "lib:hello"])
    };
    let checksum = HEXLOWER.encode(&Sha256::digest(LIB));
    pinned(&checksum).stdout("hello\n").run();
    let wrong = pinned(&"0".repeat(64)).stderr_has("is not what was pinned");
    wrong.stderr_has(&format!("the file hashes to {checksum}")).status(111).run();
}

#[test]
fn hosts_may_be_trusted() {
    if !can_fetch() {
        return;
    }
    let server = Server::new(&[("/Taskfile.yml", LIB)]);
    let url = server.url("/Taskfile.yml");
    let line = ["run", "--insecure", "--trusted-hosts", "example.com,127.0.0.1", "-s", "lib:hello"];
    including(&url).args(line).stdout("hello\n").run();
    let test =
        including(&url).file(".taskrc.yml", "remote: {insecure: true, trusted-hosts: [127.0.0.1]}");
    test.args(["-s", "lib:hello"]).stdout("hello\n").run();
    let other = ["run", "--insecure", "--trusted-hosts", "example.com", "-s", "lib:hello"];
    including(&url).args(other).stderr_has("is not trusted yet").status(104).run();
}

#[test]
fn a_remote_file_includes_what_is_beside_it() {
    if !can_fetch() {
        return;
    }
    let server = Server::new(&[
        ("/a/Taskfile.yml", "{version: '3', includes: {more: ../b/more.yml}, tasks: {one: pwd}}"),
        ("/b/more.yml", "{version: '3', tasks: {two: echo two}}"),
    ]);
    let test = trusting(&server.url("/a/")).args(["-s", "-j1", "lib:one", "lib:more:two"]);
    test.stdout("[DIR]\ntwo\n").run();
}

#[test]
fn the_root_may_be_remote() {
    if !can_fetch() {
        return;
    }
    let server = Server::new(&[("/x/Taskfile.yml", "{version: '3', tasks: {default: pwd}}")]);
    let line =
        ["run", "--insecure", "-y", "-s", "-t", &server.url("/x/Taskfile.yml")].map(String::from);
    Test::new().args(line).stdout("[DIR]\n").run();
}

#[test]
fn a_file_that_is_not_there_is_an_error_unless_it_is_optional() {
    if !can_fetch() {
        return;
    }
    let server = Server::new(&[]);
    let url = server.url("/Taskfile.yml");
    trusting(&url).args(["x"]).stderr_has("error: there is no `http://").status(100).run();
    let optional = format!("{{taskfile: '{url}', optional: true}}\ntasks: {{a: echo a}}");
    trusting(&optional).args(["-s", "a"]).stdout("a\n").run();
}

#[test]
fn mistakes_in_a_remote_file_have_their_place() {
    if !can_fetch() {
        return;
    }
    let server = Server::new(&[("/Taskfile.yml", "version: '3'\ntasks:\n  hello: {cmds: 7}\n")]);
    let url = server.url("/Taskfile.yml");
    trusting(&url).args(["lib:hello"]).stderr_has(&format!(" --> {url}:3:17\n")).status(102).run();
}

/// A repository with two revisions; nothing where git is missing.
fn repository(test: &Test) -> Option<String> {
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "-c",
            "init.defaultBranch=main",
        ]);
        command.args(["-C"]).arg(test.path("repo.git")).args(args).env("HOME", test.path(""));
        let output = command.output().expect("git");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    if Command::new("git").arg("--version").output().is_err() {
        println!("skipped: there is no git");
        return None;
    }
    let write = |path: &str, text: &str| std::fs::write(test.path(path), text).expect("a file");
    std::fs::create_dir_all(test.path("repo.git/sub")).expect("a directory");
    git(&["init", "-q"]);
    write(
        "repo.git/Taskfile.yml",
        "{version: '3', includes: {sub: ./sub/more.yml}, tasks: {hello: echo one}}",
    );
    write("repo.git/sub/more.yml", "{version: '3', tasks: {more: echo more}}");
    git(&["add", "."]);
    git(&["commit", "-qm", "one"]);
    git(&["tag", "v1"]);
    write("repo.git/Taskfile.yml", "{version: '3', tasks: {hello: echo two}}");
    git(&["commit", "-qam", "two"]);
    Some(format!("file://{}", test.path("repo.git").display()))
}

#[test]
fn files_of_a_git_repository_are_included() {
    let test = Test::new();
    let Some(url) = repository(&test) else { return };
    let run = |include: String, task: &str, said: &str| {
        let ran = including(&include).args(["run", "-y", "-s", task]).stdout(said).run();
        let left = std::fs::read_dir(ran.path(".par/remote")).expect("the copies").flatten();
        let names: Vec<_> = left.map(|entry| entry.file_name()).collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().starts_with("git-")), "{names:?}");
    };
    run(format!("{url}//Taskfile.yml"), "lib:hello", "two\n");
    run(url.clone(), "lib:hello", "two\n");
    run(format!("{url}//Taskfile.yml?ref=v1"), "lib:hello", "one\n");
    run(format!("{url}//Taskfile.yml?ref=v1"), "lib:sub:more", "more\n");
    let missing = including(&format!("{url}//none.yml")).args(["run", "-y", "lib:hello"]);
    missing.stderr_has("error: there is no `file://").status(100).run();
    let missing =
        including(&format!("{url}//Taskfile.yml?ref=v9")).args(["run", "-y", "lib:hello"]);
    missing.stderr_has("cannot be had: couldn't find remote ref v9").status(103).run();
}

/// A server of `Taskfile.yml` over HTTPS, on a port that it writes down.
const HTTPS: &str = r#"
import http.server, os, ssl
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
open("port.new", "w").write(str(server.server_address[1]))
os.rename("port.new", "port")
server.serve_forever()
"#;

struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn authorities_may_be_our_own() {
    if !can_fetch() {
        return;
    }
    let own = Test::new().file("server.py", HTTPS).file("Taskfile.yml", LIB);
    let openssl =
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"];
    let of = ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    let made = Command::new("openssl").args(openssl).args(of).current_dir(own.path("")).output();
    let has_tools = made.is_ok_and(|made| made.status.success())
        && Command::new("python3").args(["-c", "import ssl"]).status().is_ok_and(|s| s.success());
    if !has_tools {
        return println!("skipped: there is no openssl, or no python3 with ssl");
    }
    let mut server = Command::new("python3");
    server.arg("server.py").current_dir(own.path("")).stderr(std::process::Stdio::null());
    let _server = Killed(server.spawn().expect("a server"));
    let port = wait_for(&own.path("port"));
    let url = format!("https://127.0.0.1:{port}/Taskfile.yml");
    let cacert = own.path("cert.pem").display().to_string();
    let test = including(&url).args(["run", "-y", "-s", "--cacert", &cacert, "lib:hello"]);
    test.stdout("hello\n").run();
    let test = including(&url).args(["run", "-y", "-s", "lib:hello"]);
    test.stderr_has("cannot be had: ").status(103).run();
}

fn wait_for(path: &Path) -> String {
    let began = std::time::Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(path) {
            return text;
        }
        assert!(began.elapsed() < crate::live::LIMIT, "no server");
        std::thread::yield_now();
    }
}

#[test]
fn who_sits_at_a_terminal_is_asked_once_for_each_content() {
    if !can_fetch() {
        return;
    }
    let evil = "{version: '3', vars: {X: {sh: touch evil}}, tasks: {hello: 'echo hello {{.X}}'}}";
    let server = Server::new(&[("/Taskfile.yml", evil)]);
    let url = server.url("/Taskfile.yml");
    let test = including(&url).args(["--insecure", "-s", "lib:hello"]);
    let dir = test.path("");
    let again = |answer: &str| {
        let test = Test::new().under(&format!("cd '{}'", dir.display()));
        let mut terminal = Terminal::start(test.args(["--insecure", "-s", "lib:hello"]));
        if !answer.is_empty() {
            terminal.see("[y/N]");
            terminal.type_in(answer);
        }
        terminal.end()
    };
    let mut terminal = Terminal::start(test);
    terminal.see("[y/N]");
    assert!(terminal.shown.contains(&url), "{}", terminal.shown);
    assert!(!terminal.test.path("evil").exists());
    terminal.type_in("n\n");
    let kept = std::mem::replace(&mut terminal.test, Test::new());
    assert_eq!(terminal.end().1, 104);
    assert!(!kept.path("evil").exists());
    let (shown, status) = again("y\n");
    assert!(status == 0 && shown.contains("hello"), "{shown}");
    let (shown, status) = again("");
    assert!(status == 0 && !shown.contains("[y/N]"), "{shown}");
    // Other words are to be trusted anew.
    server.put("/Taskfile.yml", &evil.replace("hello {{", "bye {{"));
    let (shown, status) = again("\n");
    assert!(status == 104 && !shown.contains("bye"), "{shown}");
    drop(kept);
}
