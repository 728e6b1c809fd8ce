//! Which programs take part in a jobserver, and which form of it they know.

/// How a jobserver is named to a program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// `--jobserver-auth=fifo:PATH`: make from 4.4 on, ninja from 1.13 on, cargo.
    Fifo,
    /// `--jobserver-auth=R,W`, two inherited descriptors: make from 4.2 on, cargo.
    Pipe,
    /// `--jobserver-fds=R,W`: older makes.
    OldPipe,
}

/// What decides about the form for a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Client {
    /// It knows this one.
    Knows(Form),
    /// It is, or may start, this make.
    Make(&'static str),
}

/// Programs that start others, among them perhaps make.
const STARTERS: [&str; 5] = ["cargo", "cmake", "meson", "par", "task"];

/// The client that a command's text names, if any. A name in a comment or a string counts: it does no harm.
pub fn client(text: &str) -> Option<Client> {
    // Of several the first in this order counts.
    let ranked = words(text).filter_map(|word| match word {
        "gmake" => Some((0, Client::Make("gmake"))),
        "make" => Some((1, Client::Make("make"))),
        "ninja" | "samu" => Some((2, Client::Knows(Form::Fifo))),
        _ => STARTERS.contains(&word).then_some((3, Client::Make("make"))),
    });
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, client)| client)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| {
        !letter.is_alphanumeric() && !matches!(letter, '_' | '-' | '.' | '+' | ':')
    })
}

/// The make that is on a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Make {
    /// There is none.
    Absent,
    /// GNU make of this version.
    Gnu(u32, u32),
    /// Something else of this name.
    Other,
}

impl Make {
    /// By what it says when it is asked for its version.
    pub fn of_version(text: &str) -> Make {
        let version = text.lines().find_map(|line| line.strip_prefix("GNU Make "));
        let parts = version.map(|version| version.split(|c: char| !c.is_ascii_digit()));
        let mut parts = parts.into_iter().flatten().map_while(|part| part.parse().ok());
        match (parts.next(), parts.next()) {
            (Some(major), Some(minor)) => Make::Gnu(major, minor),
            _ => Make::Other,
        }
    }

    /// The form for a command that may start it; `None`: it would not understand any.
    pub fn form(self) -> Option<Form> {
        match self {
            Make::Absent => Some(Form::Fifo),
            Make::Gnu(major, minor) if (major, minor) >= (4, 4) => Some(Form::Fifo),
            Make::Gnu(major, minor) if (major, minor) >= (4, 2) => Some(Form::Pipe),
            Make::Gnu(..) => Some(Form::OldPipe),
            Make::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_named_by_words_of_their_own() {
        let (make, ninja) = (Client::Make("make"), Client::Knows(Form::Fifo));
        let cases = [
            ("make -C a", Some(make)),
            ("cd a && X=$(/usr/bin/make)", Some(make)),
            ("gmake; ninja", Some(Client::Make("gmake"))),
            ("ninja -C out", Some(ninja)),
            ("cargo build", Some(make)),
            ("par run x", Some(make)),
            ("task:make", None),
            ("cmake-format x; makefile; ./remake", None),
            ("echo hi", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(client(text), expected, "{text}");
        }
    }

    #[test]
    fn the_form_follows_from_the_version() {
        let form = |text: &str| Make::of_version(text).form();
        assert_eq!(form("GNU Make 4.4.1\nBuilt for x\n"), Some(Form::Fifo));
        assert_eq!(form("GNU Make 5.0\n"), Some(Form::Fifo));
        assert_eq!(form("GNU Make 4.3\n"), Some(Form::Pipe));
        assert_eq!(form("GNU Make 4.2.90\n"), Some(Form::Pipe));
        assert_eq!(form("GNU Make 3.81\n"), Some(Form::OldPipe));
        assert_eq!(form("make: illegal option\n"), None);
        assert_eq!(form(""), None);
        assert_eq!(Make::Absent.form(), Some(Form::Fifo));
    }
}
