//! `--interactive`: asks for required variables that nobody has given.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;

use super::args::RunArgs;
use super::planning;
use super::settings::Settings;
use super::world::World;
use crate::host::Host;
use crate::resolve::{Describer, Missing};
use crate::taskfile::model::Model;

/// The request with what was asked for, where that was wanted and there is somebody to ask. What then is
/// still missing is said when it is reached.
pub(super) fn complete(
    args: &RunArgs,
    settings: &Settings,
    model: &Arc<Model>,
    host: &dyn Host,
) -> RunArgs {
    let mut args = args.clone();
    if settings.interactive.value && io::stdin().is_terminal() && io::stdout().is_terminal() {
        let asked = planning::planning(&args, settings, model, host);
        let describer = Describer::new(model.clone(), asked, Arc::new(World));
        let missing = describer.missing(&planning::requests(&args.tasks), host);
        let given = ask(&missing.unwrap_or_default(), &mut io::stdin().lock(), &mut io::stdout());
        args.vars.extend(given);
    }
    args
}

/// Asks until an answer is allowed; who ends the input is asked no more.
fn ask(
    missing: &[Missing],
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Vec<(String, String)> {
    let mut given = Vec::new();
    for missing in missing {
        match answer(missing, input, output) {
            Ok(Some(value)) => given.push((missing.name.to_string(), value)),
            Ok(None) | Err(_) => break,
        }
    }
    given
}

fn answer(
    missing: &Missing,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> io::Result<Option<String>> {
    let allowed = &missing.allowed;
    let choice =
        if allowed.is_empty() { String::new() } else { format!(" ({})", allowed.join(", ")) };
    loop {
        write!(output, "{}{choice}: ", missing.name)?;
        output.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let value = line.trim_end_matches(['\n', '\r']);
        if allowed.is_empty() || allowed.iter().any(|word| word == value) {
            return Ok(Some(value.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(name: &str, allowed: &[&str]) -> Missing {
        Missing {
            name: name.into(),
            allowed: allowed.iter().map(|word| word.to_string()).collect(),
        }
    }

    #[test]
    fn an_answer_that_is_not_allowed_is_asked_for_again() {
        let (mut output, wanted) =
            (Vec::new(), [missing("NAME", &[]), missing("ENV", &["a", "b"])]);
        let given = ask(&wanted, &mut "me too\nc\nb\n".as_bytes(), &mut output);
        assert_eq!(given, [("NAME".into(), "me too".into()), ("ENV".into(), "b".into())]);
        assert_eq!(String::from_utf8_lossy(&output), "NAME: ENV (a, b): ENV (a, b): ");
    }

    #[test]
    fn who_ends_the_input_is_asked_no_more() {
        let (mut output, wanted) = (Vec::new(), [missing("A", &[]), missing("B", &[])]);
        assert_eq!(ask(&wanted, &mut "".as_bytes(), &mut output), []);
        assert_eq!(String::from_utf8_lossy(&output), "A: ");
    }
}
