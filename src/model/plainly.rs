//! What a parser says of a value of the wrong kind, in the words of whoever wrote the file: the
//! parser's own are a programmer's (`expected u32`).
//!
//! Nothing is decided by these words. What is not known here is said as the parser says it.

/// The rule that is broken, in plain words.
pub(crate) fn said(rule: &str) -> String {
    if rule.starts_with("mapping values are not allowed") {
        return "a text that holds `: ` has to be in quotes".to_owned();
    }
    if rule.starts_with("found character that cannot start any token") {
        return "a tab, or a character that begins no value: indent by spaces, and put the text in \
                quotes"
            .to_owned();
    }
    // `field: invalid type: string "x", expected u32`
    let found = ["invalid type: ", "invalid value: "]
        .into_iter()
        .find_map(|kind| rule.split_once(kind));
    let Some((field, (there, expected))) =
        found.and_then(|(field, rest)| Some((field, rest.rsplit_once(", expected ")?)))
    else {
        return rule.to_owned();
    };
    let Some(wanted) = wanted(expected) else {
        return rule.to_owned();
    };
    format!("{field}write {wanted}, not {}", value(there))
}

/// What belongs there.
fn wanted(expected: &str) -> Option<&'static str> {
    Some(match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "i8" | "i16" | "i32" | "i64" | "isize" | "an integer" => "a whole number",
        "a sequence" => "a list, like [one, two]",
        "a boolean" => "true or false",
        "a string" => "a word or a text",
        "a map" => "fields, one a line, like `name: value`",
        other if other.starts_with("struct ") => "fields, one a line, like `name: value`",
        _ => return None,
    })
}

/// What is there.
fn value(there: &str) -> String {
    for kind in ["string ", "integer ", "boolean ", "floating point "] {
        if let Some(value) = there.strip_prefix(kind) {
            return value.trim_matches('`').to_owned();
        }
    }
    match there {
        "sequence" => "a list".to_owned(),
        "map" => "fields".to_owned(),
        "unit value" | "null" => "nothing".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::policy::Policy;

    #[test]
    fn what_a_file_lacks_is_said_as_its_writer_would() {
        for (text, rule) in [
            (
                "gates: {min_evolutions: two}\n",
                "line 1, column 25: gates.min_evolutions: write a whole number, not \"two\"",
            ),
            (
                "gates:\n\tmin_evolutions: 2\n",
                "line 2, column 1: a tab, or a character that begins no value: indent by spaces, and \
                 put the text in quotes",
            ),
            (
                "gates: {min_evolutions: -1}\n",
                "line 1, column 25: gates.min_evolutions: write a whole number, not -1",
            ),
            (
                "promoters: ann@example.com\n",
                "line 1, column 12: promoters: write a list, like [one, two], not \"ann@example.com\"",
            ),
            (
                "gates: {independent_proof: often}\n",
                "line 1, column 28: gates.independent_proof: write true or false, not \"often\"",
            ),
            (
                "gates: often\n",
                "line 1, column 8: gates: write fields, one a line, like `name: value`, not \"often\"",
            ),
        ] {
            let invalid = Policy::parse(text.as_bytes()).unwrap_err();
            assert_eq!(invalid.to_string(), rule, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_left_as_it_was() {
        let colon = said("mapping values are not allowed in this context");
        assert_eq!(colon, "a text that holds `: ` has to be in quotes");
        for rule in [
            "unknown field `x`",
            "invalid type: string \"x\", expected a key",
        ] {
            assert_eq!(said(rule), rule);
        }
    }
}
