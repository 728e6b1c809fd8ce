//! A file over HTTP, had with the `curl` program: it knows proxies, certificates and what the system
//! trusts, and costs a run without such files nothing.

use std::process::Command;
use std::time::Duration;

use super::program::{self, Said};
use super::{Missing, Wishes};

/// No Taskfile is as long, bytes.
const LIMIT: &str = "16777216";
/// curl's code for what took too long.
const TOO_LATE: i32 = 28;
/// More than curl's own limit, so that its words arrive.
const PATIENCE: Duration = Duration::from_secs(2);

/// Fetches a text.
pub(super) fn get(url: &str, limit: Duration, wishes: &Wishes) -> Result<String, Missing> {
    let protocols = if wishes.insecure { "=http,https" } else { "=https" };
    let mut command = Command::new("curl");
    command.args(["--disable", "--silent", "--show-error", "--globoff", "--location"]);
    command.args(["--proto", protocols, "--proto-redir", protocols, "--max-redirs", "10"]);
    command.args(["--max-time", &format!("{:.3}", limit.as_secs_f64()), "--max-filesize", LIMIT]);
    command.args(["--user-agent", concat!("par/", env!("CARGO_PKG_VERSION"))]);
    for (flag, file) in
        [("--cacert", &wishes.cacert), ("--cert", &wishes.cert), ("--key", &wishes.cert_key)]
    {
        if let Some(file) = file {
            command.arg(flag).arg(file);
        }
    }
    command.args(["--write-out", "\n%{http_code}", "--url", url]);
    let Said { code, stdout, stderr } = program::run(command, limit + PATIENCE)?;
    match code {
        0 => {}
        TOO_LATE => return Err(Missing::TimedOut),
        code => {
            let complaint = Said { code, stdout, stderr }.complaint();
            let why = complaint.split_once(") ").map_or(&*complaint, |(_, why)| why);
            return Err(Missing::Failed(why.into()));
        }
    }
    let text = String::from_utf8(stdout).map_err(|_| Missing::Failed("it is no text".into()))?;
    let (text, status) = text.rsplit_once('\n').unwrap_or(("", &text));
    match status {
        "404" | "410" => Err(Missing::Absent),
        status if status.starts_with('2') => Ok(text.into()),
        status => Err(Missing::Failed(format!("the server answers with status {status}"))),
    }
}
