//! Names that somebody may have meant.

/// The one of `known` that is most like `typed`, if any is so like it that it was probably meant.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let like = |name: &&str| strsim::normalized_damerau_levenshtein(&lower(typed), &lower(name));
    known
        .into_iter()
        .map(|name| (like(&name), name))
        .filter(|(likeness, _)| *likeness >= 0.7)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

fn lower(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_known_and_another_name_is_not() {
        let known = ["v1.0.0", "v1.10.0", "v2.0.0"];
        assert_eq!(nearest("v1.00", known), Some("v1.0.0"));
        assert_eq!(nearest("V2.0.0", known), Some("v2.0.0"));
        assert_eq!(nearest("v9.7.5-rc.1", known), None);
        assert_eq!(nearest("FAET-101", ["FEAT-101", "BUG-5"]), Some("FEAT-101"));
        assert_eq!(nearest("x", []), None);
    }
}
