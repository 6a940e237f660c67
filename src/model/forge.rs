//! Where hosts show a commit on the web, as far as the address of a remote tells.

use super::Oid;
use super::address::is_of_web;

/// The digits of the commit in an address that somebody sets.
pub(crate) const COMMIT: &str = "{commit}";

/// The addresses at which a host shows commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commits {
    before: String,
    after: String,
}

impl Commits {
    /// An address in which [`COMMIT`] stands for a commit. None where it has none, or is not an address of the web.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (before, after) = text.split_once(COMMIT)?;
        is_of_web(&format!("{before}{after}")).then(|| Self {
            before: before.to_owned(),
            after: after.to_owned(),
        })
    }

    /// What the address of a remote tells, at a host whose addresses are known: by its name, or where a team's own
    /// host is named after the program that it runs (`gitlab.example.com`).
    pub(crate) fn of_remote(address: &str) -> Option<Self> {
        let (root, host, path) = parts(address)?;
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let sound = |part: &str| !part.is_empty() && part.bytes().all(plain);
        if path.split('/').count() < 2 || !path.split('/').all(sound) {
            return None;
        }
        Self::parse(&format!("{root}/{path}/{}/{COMMIT}", page(&host)?))
    }

    /// Where a commit is shown.
    pub(crate) fn address(&self, commit: &Oid) -> String {
        format!("{}{}{}", self.before, commit.as_str(), self.after)
    }
}

/// What stands between the address of a repository and a commit.
fn page(host: &str) -> Option<&'static str> {
    Some(match host {
        "bitbucket.org" => "commits",
        "codeberg.org" | "git.sr.ht" => "commit",
        _ => match host.split('.').next()? {
            "github" | "gitea" | "forgejo" => "commit",
            "gitlab" => "-/commit",
            _ => return None,
        },
    })
}

/// Of an address that git takes: where the host's pages begin, the host's name, and the path there.
fn parts(address: &str) -> Option<(String, String, &str)> {
    let Some((scheme, rest)) = address.split_once("://") else {
        // git@host:path, as scp writes it.
        let (login, path) = address.split_once(':')?;
        let host = host_of(login)?;
        return Some((format!("https://{host}"), host, path));
    };
    let (authority, path) = rest.split_once('/')?;
    let host = host_of(authority)?;
    let root = match scheme {
        // A host that shows its pages at a port of its own serves git there as well.
        "http" | "https" => {
            let place = authority.rsplit('@').next()?;
            format!("{scheme}://{}", place.to_ascii_lowercase())
        }
        "ssh" | "git+ssh" | "ssh+git" | "git" => format!("https://{host}"),
        _ => return None,
    };
    Some((root, host, path))
}

/// The host's name, of what stands before the path.
fn host_of(authority: &str) -> Option<String> {
    let place = authority.rsplit('@').next()?;
    let host = place.split(':').next()?.to_ascii_lowercase();
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-.".contains(&b);
    if host.is_empty() || !host.bytes().all(legal) {
        return None;
    }
    // Where a firewall lets only port 443 through.
    Some(match host.as_str() {
        "ssh.github.com" => "github.com".to_owned(),
        "altssh.gitlab.com" => "gitlab.com".to_owned(),
        "altssh.bitbucket.org" => "bitbucket.org".to_owned(),
        _ => host,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_of_known_hosts_follow_from_a_remotes_address() {
        let oid: Oid = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
        let of = |address: &str| Commits::of_remote(address).map(|c| c.address(&oid));
        let github = format!("https://github.com/ann/app/commit/{oid}");
        for address in [
            "https://github.com/ann/app.git",
            "https://github.com/ann/app",
            "https://github.com/ann/app/",
            "https://ann:token@GitHub.com/ann/app.git",
            "git@github.com:ann/app.git",
            "github.com:ann/app",
            "ssh://git@github.com/ann/app.git",
            "ssh://git@ssh.github.com:443/ann/app.git",
            "git://github.com/ann/app.git",
        ] {
            assert_eq!(of(address).as_ref(), Some(&github), "{address}");
        }
        for (address, shown) in [
            (
                "git@gitlab.com:team/sub/app.git",
                "https://gitlab.com/team/sub/app/-/commit/",
            ),
            (
                "http://gitlab.example.com:8080/team/app",
                "http://gitlab.example.com:8080/team/app/-/commit/",
            ),
            (
                "ssh://git@gitlab.example.com:2222/team/app.git",
                "https://gitlab.example.com/team/app/-/commit/",
            ),
            (
                "git@bitbucket.org:team/app.git",
                "https://bitbucket.org/team/app/commits/",
            ),
            (
                "https://codeberg.org/team/app.git",
                "https://codeberg.org/team/app/commit/",
            ),
            (
                "git@git.sr.ht:~ann/app",
                "https://git.sr.ht/~ann/app/commit/",
            ),
        ] {
            assert_eq!(of(address), Some(format!("{shown}{oid}")), "{address}");
        }
        for address in [
            "/srv/git/app.git",
            "file:///srv/github.com/ann/app.git",
            "C:\\git\\app",
            "https://example.com/ann/app.git",
            "https://bitbucket.example.com/scm/team/app.git",
            "https://evilgithub.com/ann/app",
            "https://github.com/app",
            "https://github.com/ann/a b",
            "https://github.com/ann/app\u{1b}]8;;x",
            "https://gith\u{fc}b.com/ann/app",
            "git@github.com",
            "",
        ] {
            assert_eq!(of(address), None, "{address}");
        }
    }

    #[test]
    fn an_address_that_is_set_says_where_the_commit_stands() {
        let oid: Oid = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
        let set = Commits::parse("https://git.example.com/app/commit/?id={commit}&x=1").unwrap();
        let shown = format!("https://git.example.com/app/commit/?id={oid}&x=1");
        assert_eq!(set.address(&oid), shown);
        for bad in [
            "https://git.example.com/app",
            "{commit}",
            "javascript:{commit}",
            "https://a\u{7}/{commit}",
            "https://ann:x@b/{commit}",
        ] {
            assert_eq!(Commits::parse(bad), None, "{bad}");
        }
    }
}
