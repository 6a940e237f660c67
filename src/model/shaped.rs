//! Pairs as JSON shows them: objects whose fields have names.

use serde::{Serialize, Serializer};

/// A pair of those names, and how a list of pairs is written as a list of them.
macro_rules! pairs {
    ($($module:ident { $first:ident, $second:ident })*) => {$(
        pub(crate) mod $module {
            use super::{Serialize, Serializer};

            #[derive(Serialize)]
            #[cfg_attr(test, derive(schemars::JsonSchema))]
            pub(crate) struct Shape<A, B> {
                $first: A,
                $second: B,
            }

            /// # Errors
            /// Those of the serializer.
            pub(crate) fn serialize<A: Serialize, B: Serialize, S: Serializer>(
                pairs: &[(A, B)],
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                let shape = |($first, $second)| Shape { $first, $second };
                serializer.collect_seq(pairs.iter().map(|(a, b)| shape((a, b))))
            }
        }
    )*};
}

pairs! {
    renumbered { was, is }
    reopened { from, to }
    quarantined { what, reason }
    unsound { evolution, reason }
    disputed_release { version, why }
    conflict { version, conflict }
    recommended { setting, value }
    installed { hook, way }
    table { table, row_count }
    skipped { tag, reason }
}
