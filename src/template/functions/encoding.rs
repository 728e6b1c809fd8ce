//! Base64, base32 and checksums.

use std::fmt::Write;

use data_encoding::{BASE32, BASE64, Encoding};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::Kind::Text;
use super::{Function, Outcome, fixed};

pub const FUNCTIONS: &[Function] = &[
    fixed("b64enc", &[Text], |a| Ok(BASE64.encode(a.text(0).as_bytes()).into())),
    fixed("b64dec", &[Text], |a| decode(&BASE64, "base64", a.text(0))),
    fixed("b32enc", &[Text], |a| Ok(BASE32.encode(a.text(0).as_bytes()).into())),
    fixed("b32dec", &[Text], |a| decode(&BASE32, "base32", a.text(0))),
    fixed("sha1sum", &[Text], |a| Ok(hex(&Sha1::digest(a.text(0))).into())),
    fixed("sha256sum", &[Text], |a| Ok(hex(&Sha256::digest(a.text(0))).into())),
    fixed("adler32sum", &[Text], |a| Ok(adler32(a.text(0).as_bytes()).to_string().into())),
];

/// What cannot be decoded gives the reason as text, as sprig does.
fn decode(encoding: &Encoding, name: &str, text: &str) -> Outcome {
    let plain: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    Ok(match encoding.decode(plain.as_bytes()) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned().into(),
        Err(error) => format!("illegal {name} data at input byte {}", error.position).into(),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1u32, 0u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    high << 16 | low
}
