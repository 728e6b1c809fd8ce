//! The environment of a process: variables that many processes have in common, made once, and its own.

use std::ffi::{CStr, CString, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use super::guard;

/// Variables that processes have in common, as the kernel wants them.
#[derive(Debug, Default)]
pub struct Variables(Vec<CString>);

impl Variables {
    /// What a process cannot be given is left out: names that are empty or contain `=`, and NUL bytes; so is
    /// what each has of its own.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Variables {
        let is_common = |name: &str| is_name(name) && name != "PWD" && name != guard::VARIABLE;
        let pairs = pairs.into_iter().filter(|(name, _)| is_common(name));
        let texts = pairs.map(|(name, value)| [name, "=", value].concat());
        Variables(texts.filter_map(|text| CString::new(text).ok()).collect())
    }
}

/// All variables of one process.
#[derive(Clone, Debug)]
pub struct Environment {
    shared: Arc<Variables>,
    own: Vec<Own>,
    /// `NAME=value`, each ended with a zero.
    texts: Vec<u8>,
}

/// A variable that is this process's alone, or that it alone has not.
#[derive(Clone, Debug)]
struct Own {
    /// Where in `texts` it begins, and how long its name is.
    at: usize,
    name: usize,
    is_set: bool,
}

impl Environment {
    /// For a process that runs in `dir`, which becomes its `PWD`.
    pub fn new(shared: Arc<Variables>, dir: &Path) -> Environment {
        let mut all = Environment { shared, own: Vec::with_capacity(12), texts: Vec::new() };
        all.texts.reserve(1024);
        all.put("PWD", dir.as_os_str().as_bytes());
        all
    }

    /// Gives it a value of its own. Setting it again replaces that; a value with a NUL byte removes it.
    pub fn set(&mut self, name: &str, value: &str) {
        self.put(name, value.as_bytes());
    }

    /// Takes it away, should the others have it.
    pub fn remove(&mut self, name: &str) {
        self.note(name, false);
        self.texts.push(0);
    }

    fn put(&mut self, name: &str, value: &[u8]) {
        self.note(name, is_name(name) && !value.contains(&0));
        self.texts.push(b'=');
        self.texts.extend_from_slice(value);
        self.texts.push(0);
    }

    fn note(&mut self, name: &str, is_set: bool) {
        let texts = &self.texts;
        self.own.retain(|own| own.name(texts) != name.as_bytes());
        self.own.push(Own { at: self.texts.len(), name: name.len(), is_set });
        self.texts.extend_from_slice(name.as_bytes());
    }

    /// `NAME=value` of each variable; its own stand last.
    pub(super) fn iter(&self) -> impl Iterator<Item = &CStr> {
        let is_own = |bytes: &[u8]| {
            self.own.iter().any(|own| {
                bytes.get(own.name) == Some(&b'=') && bytes[..own.name] == *own.name(&self.texts)
            })
        };
        // Most are told apart by where their names begin.
        let mut begins = [false; 256];
        self.own.iter().for_each(|own| begins[usize::from(self.texts[own.at])] = true);
        let is_own = move |variable: &CStr| {
            let bytes = variable.to_bytes();
            begins[usize::from(bytes[0])] && is_own(bytes)
        };
        let shared = self.shared.0.iter().map(CString::as_c_str);
        let own = self.own.iter().filter(|own| own.is_set);
        shared.filter(move |variable| !is_own(variable)).chain(own.filter_map(|own| {
            // Values with a zero inside are not set.
            CStr::from_bytes_until_nul(&self.texts[own.at..]).ok()
        }))
    }

    /// Addresses of all variables and of `more`, ended with a null; valid as long as both.
    pub(super) fn pointers(&self, more: &CStr) -> Vec<*const c_char> {
        let mut all = Vec::with_capacity(self.shared.0.len() + self.own.len() + 2);
        all.extend(self.iter().map(CStr::as_ptr));
        all.extend([more.as_ptr(), ptr::null()]);
        all
    }
}

impl Own {
    fn name<'a>(&self, texts: &'a [u8]) -> &'a [u8] {
        &texts[self.at..self.at + self.name]
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.bytes().any(|byte| matches!(byte, b'=' | 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(pairs: &[(&str, &str)]) -> Arc<Variables> {
        Arc::new(Variables::new(pairs.iter().copied()))
    }

    fn shown(environment: &Environment) -> Vec<&str> {
        environment.iter().map(|variable| variable.to_str().unwrap()).collect()
    }

    #[test]
    fn an_environment_knows_its_directory() {
        let pairs = [
            ("A", "b"),
            ("PWD", "/old"),
            ("PAR_GUARD", "1"),
            ("N", "\0"),
            ("", "x"),
            ("Z", ""),
            ("a=b", "c"),
        ];
        let environment = Environment::new(shared(&pairs), Path::new("/d"));
        assert_eq!(shown(&environment), ["A=b", "Z=", "PWD=/d"]);
    }

    #[test]
    fn what_a_process_has_of_its_own_stands_for_what_the_others_have() {
        let pairs = [("A", "1"), ("AB", "2"), ("C", "3"), ("ABC", "4")];
        let shared = shared(&pairs);
        let mut one = Environment::new(shared.clone(), Path::new("/d"));
        one.set("AB", "own");
        one.remove("C");
        one.set("NEW", "x=y");
        assert_eq!(shown(&one), ["A=1", "ABC=4", "PWD=/d", "AB=own", "NEW=x=y"]);
        let other = Environment::new(shared, Path::new("/e"));
        assert_eq!(shown(&other), ["A=1", "AB=2", "C=3", "ABC=4", "PWD=/e"]);
    }

    #[test]
    fn the_last_word_on_a_variable_counts() {
        let mut environment = Environment::new(shared(&[("A", "1")]), Path::new("/d"));
        environment.set("A", "2");
        environment.set("B", "3");
        environment.set("A", "4");
        environment.remove("B");
        assert_eq!(shown(&environment), ["PWD=/d", "A=4"]);
        environment.set("B", "5");
        environment.set("A", "\0");
        assert_eq!(shown(&environment), ["PWD=/d", "B=5"]);
    }
}
