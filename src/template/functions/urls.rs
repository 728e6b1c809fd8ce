//! URLs: taking them apart, putting them together, escaping.

use super::Kind::{Map, Text};
use super::paths::clean;
use super::reflection::kind_name;
use super::{Args, Function, Outcome, fixed, variadic};
use crate::value::Value;

pub const FUNCTIONS: &[Function] = &[
    fixed("urlParse", &[Text], parse),
    fixed("urlJoin", &[Map], join),
    variadic("joinUrl", &[Text], Text, extend),
];

/// Text as a value of a URL's query.
pub fn escape_query(text: &str) -> String {
    escaped(text, "").replace("%20", "+")
}

/// Text with all but letters, digits, `-_.~` and `kept` percent-encoded.
fn escaped(text: &str, kept: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = byte as char;
        if c.is_ascii_alphanumeric() || "-_.~".contains(c) || kept.contains(c) && c.is_ascii() {
            out.push(c);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn unescaped(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let shown = || format!("%{}", after.chars().take(2).collect::<String>());
        bytes.push(code.ok_or_else(|| format!("invalid URL escape {:?}", shown()))?);
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[derive(Default)]
struct Url {
    scheme: String,
    opaque: String,
    userinfo: String,
    host: String,
    path: String,
    query: String,
    fragment: String,
}

impl Url {
    fn parse(text: &str) -> Result<Url, String> {
        if text.contains(|c: char| c.is_ascii_control()) {
            return Err("net/url: invalid control character in URL".into());
        }
        let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (scheme, rest) = scheme(rest)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let url = Url {
            scheme: scheme.to_ascii_lowercase(),
            query: query.into(),
            fragment: unescaped(fragment)?,
            ..Url::default()
        };
        if !rest.starts_with('/') && !scheme.is_empty() {
            return Ok(Url { opaque: rest.into(), ..url });
        }
        let first = rest.split('/').next().unwrap_or("");
        if scheme.is_empty() && first.contains(':') {
            return Err("first path segment in URL cannot contain colon".into());
        }
        let Some(after) = rest.strip_prefix("//").filter(|_| !rest.starts_with("///")) else {
            let path = rest.strip_prefix("//").filter(|_| !scheme.is_empty()).unwrap_or(rest);
            return Ok(Url { path: unescaped(path)?, ..url });
        };
        let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
        let (userinfo, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        check_port(host)?;
        if let Some(c) = host.chars().find(|c| " \"<>\\^`{|}".contains(*c)) {
            return Err(format!("invalid character {:?} in host name", c.to_string()));
        }
        let (userinfo, host) = (userinfo.into(), unescaped(host)?);
        Ok(Url { userinfo, host, path: unescaped(path)?, ..url })
    }

    fn hostname(&self) -> &str {
        match self.host.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((address, _)) => address,
            None => self.host.rsplit_once(':').map_or(&self.host, |(name, _)| name),
        }
    }

    fn show(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out += &format!("{}:", self.scheme);
        }
        if !self.opaque.is_empty() {
            out += &self.opaque;
        } else {
            let has_authority = !self.host.is_empty() || !self.userinfo.is_empty();
            if has_authority || !self.scheme.is_empty() && !self.path.is_empty() {
                let is_rooted = self.path.starts_with('/');
                out += if has_authority || is_rooted { "//" } else { "" };
                if !self.userinfo.is_empty() {
                    out += &format!("{}@", self.userinfo);
                }
                out += &escaped(&self.host, "!$&'()*+,;=:[]<>\"");
                if !is_rooted && !self.path.is_empty() && !self.host.is_empty() {
                    out.push('/');
                }
            }
            let first = self.path.split('/').next().unwrap_or("");
            if out.is_empty() && first.contains(':') {
                out += "./";
            }
            out += &escaped(&self.path, "$&+,/:;=@!'()*[]");
        }
        if !self.query.is_empty() {
            out += &format!("?{}", self.query);
        }
        if !self.fragment.is_empty() {
            out += &format!("#{}", escaped(&self.fragment, "$&+,/:;=?@!()*'"));
        }
        out
    }
}

fn scheme(text: &str) -> Result<(&str, &str), String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    match text.find(|c| !is_part(c)) {
        Some(0) if text.starts_with(':') => Err("missing protocol scheme".into()),
        Some(end)
            if text[end..].starts_with(':')
                && text.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            Ok((&text[..end], &text[end + 1..]))
        }
        _ => Ok(("", text)),
    }
}

fn check_port(host: &str) -> Result<(), String> {
    let behind = match host.rsplit_once(']') {
        Some((_, behind)) => behind.strip_prefix(':').unwrap_or(""),
        None => host.split_once(':').map_or("", |(_, port)| port),
    };
    match behind.bytes().all(|b| b.is_ascii_digit()) {
        true => Ok(()),
        false => Err(format!("invalid port {:?} after host", format!(":{behind}"))),
    }
}

fn parse(args: &mut Args) -> Outcome {
    let text = args.text(0);
    let url = Url::parse(text)
        .map_err(|reason| format!("unable to parse url: parse {text:?}: {reason}"))?;
    let hostname = url.hostname().to_string();
    let parts = [
        ("scheme", url.scheme),
        ("host", url.host),
        ("hostname", hostname),
        ("path", url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
        ("userinfo", url.userinfo),
    ];
    Ok(Value::map(parts.map(|(name, part)| (name.into(), part.into()))))
}

fn join(args: &mut Args) -> Outcome {
    let part = |name: &str| match args.map(0).get(name) {
        None => Ok(String::new()),
        Some(Value::Str(text)) => Ok(text.to_string()),
        Some(other) => {
            let kind = kind_name(other);
            Err(format!("unable to parse {name} key, must be of type string, but {kind} found"))
        }
    };
    let url = Url {
        scheme: part("scheme")?,
        opaque: part("opaque")?,
        userinfo: part("userinfo")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        fragment: part("fragment")?,
    };
    Ok(url.show().into())
}

/// A URL with more behind its path, `..` resolved.
fn extend(args: &mut Args) -> Outcome {
    let base = args.text(0);
    let mut url = Url::parse(base).map_err(|reason| format!("parse {base:?}: {reason}"))?;
    let more: Vec<&str> = args.from(1).iter().filter_map(Value::as_str).collect();
    let is_rooted = url.path.starts_with('/');
    let first = format!("/{}", escaped(&url.path, "$&+,/:;=@!'()*[]"));
    let ends = more.last().unwrap_or(&&*first).ends_with('/');
    let whole = clean(&format!("{first}/{}", more.join("/")));
    let mut path = if is_rooted { &whole[..] } else { &whole[1..] }.to_string();
    if ends && !path.ends_with('/') {
        path.push('/');
    }
    url.path = unescaped(&path)?;
    Ok(url.show().into())
}
