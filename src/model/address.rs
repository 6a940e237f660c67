//! Addresses of repositories, and the credentials that stand in them: a job's token, mostly.

/// The longest address of the web that is kept, in bytes.
const LONGEST: usize = 1000;

/// Whether a text is an address of the web that can stand in Markdown and HTML as it is: `http` or `https`, no
/// white space, no quotes or brackets, and nobody's login.
pub(crate) fn is_of_web(text: &str) -> bool {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#!$&*+,;=%".contains(&b);
    let host = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric());
    text.len() <= LONGEST && rest.is_some_and(|rest| host(rest) && rest.bytes().all(legal))
}

/// A text with the addresses in it freed of what stands before the host's name. Who logs in by ssh is
/// no secret, and stays.
pub(crate) fn without_credentials(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        out += before;
        let (authority, tail) = after.split_at(host_ends(after));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (user, host),
            None => ("", authority),
        };
        let name = user.split(':').next().unwrap_or_default();
        if is_ssh(before) && !name.is_empty() {
            out += name;
            out.push('@');
        }
        out += host;
        rest = tail;
    }
    out + rest
}

/// Where the part of an address ends that names user and host, whatever text follows.
fn host_ends(text: &str) -> usize {
    let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#');
    text.find(ends).unwrap_or(text.len())
}

/// Whether what stands before an address's `://` ends in a scheme that ssh serves.
fn is_ssh(before: &str) -> bool {
    let scheme = before.trim_end_matches("://");
    ["ssh", "git+ssh", "ssh+git"]
        .iter()
        .any(|known| scheme.ends_with(known))
}

/// The credentials that git's settings hold: in the addresses of remotes and proxies, in those that
/// `url.….insteadOf` puts in their place, and in headers that are sent along (git-config(1),
/// `http.extraHeader`). As they stand there, and decoded.
pub(crate) fn credentials(settings: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in settings {
        let variable = key.rsplit('.').next().unwrap_or_default();
        if variable == "extraheader" {
            let secret = value
                .split_once(':')
                .map_or(value.as_str(), |(_, said)| said);
            found.extend(secret.split_whitespace().last().map(str::to_owned));
        }
        for text in [key, value] {
            found.extend(in_addresses(text));
        }
    }
    let decoded: Vec<String> = found.iter().filter_map(|secret| decoded(secret)).collect();
    found.extend(decoded);
    // One may be a part of another.
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    found.dedup();
    found
}

fn in_addresses(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        let (authority, tail) = after.split_at(host_ends(after));
        if let Some((user, _)) = authority.rsplit_once('@') {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            // Some hosts take a token for the user's name, and any password.
            let token = matches!(password, "" | "x-oauth-basic" | "x") && !is_ssh(before);
            found.extend([password].map(str::to_owned));
            found.extend(token.then(|| name.to_owned()));
        }
        rest = tail;
    }
    found.retain(|secret| !secret.is_empty() && secret != "x-oauth-basic" && secret != "x");
    found
}

/// What an address writes as `%2F` and the like, where it writes anything so.
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        out.push(u8::from_str_radix(digits, 16).ok()?);
    }
    let out = String::from_utf8(out).ok()?;
    (out != text).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_its_credentials_wherever_it_stands() {
        for (text, clean) in [
            ("https://u:p@h/x.git", "https://h/x.git"),
            ("https://token@h", "https://h"),
            ("'https://u:p@h' and 'u@h'", "'https://h' and 'u@h'"),
            (
                "a https://u:p@ss@h/x b http://t@i/",
                "a https://h/x b http://i/",
            ),
            ("ssh://git@h/x", "ssh://git@h/x"),
            ("ssh://git:p@h/x", "ssh://git@h/x"),
            ("git@h:x.git", "git@h:x.git"),
            ("https://h/a@b", "https://h/a@b"),
            ("https://h?a@b", "https://h?a@b"),
            ("file:///tmp/a@b", "file:///tmp/a@b"),
            ("://", "://"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(text), clean, "{text}");
        }
    }

    #[test]
    fn credentials_are_known_from_every_setting_that_holds_some() {
        let found = |key: &str, value: &str| credentials(&[(key.to_owned(), value.to_owned())]);
        assert_eq!(
            found("remote.o.url", "https://u:p%2Fq@h/"),
            ["p%2Fq", "p/q"]
        );
        assert_eq!(found("remote.o.pushurl", "https://tok@h/"), ["tok"]);
        assert_eq!(
            found("remote.o.url", "https://tok:x-oauth-basic@h/"),
            ["tok"]
        );
        assert_eq!(found("url.https://u:p@h/.insteadof", "team:"), ["p"]);
        assert_eq!(found("http.proxy", "http://u:p@proxy:80"), ["p"]);
        let header = "Authorization: Basic dTpw";
        assert_eq!(found("http.https://h/.extraheader", header), ["dTpw"]);
        assert!(found("remote.o.url", "ssh://git@h/x").is_empty());
        assert!(found("remote.o.url", "git@h:x.git").is_empty());
        assert!(found("user.name", "a@b").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_credential_of_an_address_is_left(
            user in "[a-z]{4,8}", password in "[!$-.0-9:->@-~]{6,12}", around in "[ a-z'\"]{0,8}",
        ) {
            let text = format!("{around}https://{user}:{password}@host/x{around}");
            let clean = without_credentials(&text);
            proptest::prop_assert_eq!(clean, format!("{around}https://host/x{around}"));
        }
    }
}
