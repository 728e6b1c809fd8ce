//! What files contain, as the one number that go-task's `{{.CHECKSUM}}` shows.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use xxhash_rust::xxh3::Xxh3;

/// xxh3-128 over the name (without directories) and content of each file, in order.
pub fn checksum(files: &[PathBuf]) -> io::Result<u128> {
    let mut hash = Xxh3::new();
    let mut buffer = vec![0; 128 << 10];
    for path in files {
        hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        let mut file = File::open(path)?;
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => hash.update(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(hash.digest128())
}

/// The number as go-task prints it: its halves without leading zeros.
pub fn shown(checksum: u128) -> String {
    format!("{:x}{:x}", (checksum >> 64) as u64, checksum as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_files_have_the_checksum_of_nothing() {
        assert_eq!(shown(checksum(&[]).unwrap()), "99aa06d3014798d86001c324468d497f");
    }

    #[test]
    fn halves_are_not_padded() {
        assert_eq!(shown((0xab << 64) | 0x1), "ab1");
    }

    #[test]
    fn name_and_content_count_but_not_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        let sum = |path| checksum(&[path]).unwrap();
        let original = sum(file("a/x", "text"));
        assert_eq!(original, sum(file("b/x", "text")));
        assert_ne!(original, sum(file("a/y", "text")));
        assert_ne!(original, sum(file("c/x", "other")));
    }
}
