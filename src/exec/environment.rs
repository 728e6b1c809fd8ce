//! The environment of a process: variables that many processes have in common, made once, and its own.

use std::ffi::{CStr, CString, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use super::guard;

/// Variables that processes have in common, as the kernel wants them.
#[derive(Debug, Default)]
pub struct Variables {
    /// `NAME=value` of each.
    texts: Vec<CString>,
    /// Where each stands and how long its name is, by name.
    by_name: Vec<(usize, usize)>,
}

impl Variables {
    /// What a process cannot be given is left out: names that are empty or contain `=`, and NUL bytes; so is
    /// what each has of its own.
    pub fn new<'a, V>(pairs: impl IntoIterator<Item = (&'a str, V)>) -> Variables
    where
        V: AsRef<OsStr>,
    {
        let is_common = |name: &str| is_name(name) && name != "PWD" && name != guard::VARIABLE;
        let pairs = pairs.into_iter().filter(|(name, _)| is_common(name));
        let texts =
            pairs.map(|(name, value)| [name.as_bytes(), b"=", value.as_ref().as_bytes()].concat());
        let texts: Vec<CString> = texts.filter_map(|text| CString::new(text).ok()).collect();
        let length = |text: &CString| text.to_bytes().iter().position(|&byte| byte == b'=');
        let lengths = texts.iter().map(|text| length(text).unwrap_or_default());
        let mut by_name: Vec<(usize, usize)> = lengths.enumerate().collect();
        by_name.sort_unstable_by_key(|&(at, length)| &texts[at].to_bytes()[..length]);
        Variables { texts, by_name }
    }

    fn place(&self, name: &[u8]) -> Option<usize> {
        let name_of = |&(at, length): &(usize, usize)| &self.texts[at].to_bytes()[..length];
        let found = self.by_name.binary_search_by(|one| name_of(one).cmp(name));
        found.ok().map(|found| self.by_name[found].0)
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
        all.set("PWD", dir);
        all
    }

    /// Gives it a value of its own. Setting it again replaces that; a value with a NUL byte removes it.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.put(name, value.as_ref().as_bytes());
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

    /// Which of the others it has a word on.
    fn hidden(&self) -> Vec<usize> {
        let places = self.own.iter().map(|own| self.shared.place(own.name(&self.texts)));
        places.flatten().collect()
    }

    /// What is its own, each with all that stands behind it.
    fn own(&self) -> impl Iterator<Item = &[u8]> {
        // Values with a zero inside are not set.
        self.own.iter().filter(|own| own.is_set).map(|own| &self.texts[own.at..])
    }

    /// `NAME=value` of each variable; its own stand last.
    #[cfg(any(test, not(target_os = "linux")))]
    pub(super) fn iter(&self) -> impl Iterator<Item = &CStr> {
        let hidden = self.hidden();
        let shared = self.shared.texts.iter().enumerate();
        let shared = shared.filter(move |(at, _)| !hidden.contains(at));
        let shared = shared.map(|(_, text)| text.as_c_str());
        shared.chain(self.own().filter_map(|own| CStr::from_bytes_until_nul(own).ok()))
    }

    /// Addresses of all variables and of `more`, ended with a null; valid as long as both.
    #[cfg(any(test, target_os = "linux"))]
    pub(super) fn pointers(&self, more: &CStr) -> Vec<*const c_char> {
        let mut all = Vec::with_capacity(self.shared.texts.len() + self.own.len() + 2);
        all.extend(self.shared.texts.iter().map(|text| text.as_ptr()));
        let hidden = self.hidden();
        if !hidden.is_empty() {
            hidden.into_iter().for_each(|at| all[at] = ptr::null());
            all.retain(|address| !address.is_null());
        }
        all.extend(self.own().map(|own| own.as_ptr().cast::<c_char>()));
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
        let all: Vec<&CStr> = environment.iter().collect();
        let mut addresses = environment.pointers(c"MORE=1");
        assert_eq!(addresses.pop(), Some(ptr::null()));
        // SAFETY: what is not null is the beginning of a text that `environment` has, or of the one above.
        let texts = addresses.iter().map(|&address| unsafe { CStr::from_ptr(address) });
        assert!(texts.eq(all.iter().copied().chain([c"MORE=1"])));
        all.into_iter().map(|variable| variable.to_str().unwrap()).collect()
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
