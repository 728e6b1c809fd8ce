//! What the program greets with.

/// The greeting for a name.
pub fn greeting(name: &str) -> String {
    format!("hello {name}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_is_greeted() {
        assert_eq!(super::greeting("you"), "hello you");
    }
}
