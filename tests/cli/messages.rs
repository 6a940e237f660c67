//! Every text for people, in one list with its place:
//! `cargo test --test cli messages -- --nocapture`. What docs/style.md asks of them and a program can
//! tell is checked here.

#![allow(clippy::print_stdout, reason = "the list is what the test is for")]

use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::documents::root;

/// A text and where it stands.
struct Text {
    place: String,
    text: String,
}

struct Reader<'a> {
    file: &'a str,
    /// Whether doc comments here are help.
    help: bool,
    found: &'a mut Vec<Text>,
}

impl Reader<'_> {
    fn keep(&mut self, line: usize, text: String) {
        if is_for_people(&text) {
            let place = format!("src/{}:{line}", self.file);
            self.found.push(Text { place, text });
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    let line = literal.span().start().line;
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.keep(line, text.value());
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    /// A doc comment of something that clap shows, as clap joins its lines.
    fn help(&mut self, attributes: &[syn::Attribute]) {
        let line = |attribute: &syn::Attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        };
        let lines: Vec<String> = attributes.iter().filter_map(line).collect();
        if let (Some(first), false) = (attributes.first(), lines.is_empty()) {
            self.keep(first.span().start().line, lines.join(" "));
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Struct(item) => &item.attrs,
            syn::Item::Enum(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        let text = |attribute: &syn::Attribute| match &attribute.meta {
            syn::Meta::List(list) => list.tokens.to_string(),
            _ => String::new(),
        };
        if attributes
            .iter()
            .any(|a| a.path().is_ident("cfg") && text(a) == "test")
        {
            return;
        }
        let derives = ["Args", "Parser", "Subcommand", "ValueEnum"];
        let clap = attributes
            .iter()
            .filter(|a| a.path().is_ident("derive"))
            .any(|a| {
                let derived = text(a);
                derives.iter().any(|name| derived.contains(name))
            });
        let before = std::mem::replace(&mut self.help, clap);
        visit::visit_item(self, item);
        self.help = before;
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if self.help {
            self.help(&field.attrs);
        }
        visit::visit_field(self, field);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        if self.help {
            self.help(&variant.attrs);
        }
        visit::visit_variant(self, variant);
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.keep(text.span().start().line, text.value());
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.tokens(called.tokens.clone());
    }
}

/// A text for people has words; what git, a shell and SQLite are told has not, or begins as they want.
fn is_for_people(text: &str) -> bool {
    let told = [
        "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "PRAGMA", "BEGIN", "VACUUM",
        "ATTACH", "--", "refs/", "#!",
    ];
    let words = text
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphabetic));
    words.count() > 1
        && !told
            .iter()
            .any(|start| text.trim_start().starts_with(start))
}

fn texts() -> Vec<Text> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|ext| ext == "rs") => files.push(path),
                false => {}
            }
        }
    }
    files.sort();
    for path in files {
        let below = path.strip_prefix(root().join("src")).unwrap();
        let file = below.to_str().unwrap();
        if is_test(below) {
            continue;
        }
        let parsed = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut reader = Reader {
            file,
            help: false,
            found: &mut found,
        };
        reader.visit_file(&parsed);
    }
    found
}

/// A file that its module includes in tests alone.
fn is_test(below: &Path) -> bool {
    below == Path::new("render/schemas.rs")
}

/// The commands that a text tells people to type, each without `git gryt`.
fn commands(text: &str) -> Vec<String> {
    let starts = text
        .match_indices("git gryt ")
        .map(|(at, start)| at + start.len());
    let end = |c: char| "\n`\"',;()&|".contains(c);
    let command = |at: usize| {
        let rest = &text[at..];
        let rest = rest.split(end).next().unwrap_or_default();
        rest.split(": ")
            .next()
            .unwrap_or_default()
            .trim_end_matches([':', '.'])
            .to_owned()
    };
    starts.map(command).collect()
}

/// What is wrong with a command line, by the tree of commands and their options.
fn wrong(line: &str) -> Option<String> {
    let mut root = git_gryt::parts::command();
    root.build();
    let mut command = &root;
    for word in line.split_whitespace() {
        if let Some(option) = word.strip_prefix("--") {
            let name = option.split('=').next().unwrap_or_default();
            let known = command
                .get_arguments()
                .any(|arg| arg.get_long() == Some(name));
            if !known {
                return Some(format!("{} has no --{name}", command.get_name()));
            }
        } else if let Some(found) = command.find_subcommand(word) {
            command = found;
        } else if command.has_subcommands()
            && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
        {
            return Some(format!("{} has no command {word}", command.get_name()));
        }
    }
    None
}

#[test]
fn every_text_for_people_is_listed_and_keeps_to_the_rules() {
    let texts = texts();
    let mut faults = Vec::new();
    for Text { place, text } in &texts {
        println!("{place}: {}", text.replace('\n', "\\n"));
        let mut fault = |what: &str| faults.push(format!("{place}: {what}: {text}"));
        if text.trim_end().ends_with('!') {
            fault("an exclamation mark");
        }
        if text.trim().contains("  ") && !text.contains('{') && !text.contains('\n') {
            fault("two spaces");
        }
        let plain = text.to_lowercase();
        let coined = ["clobber", "wanna", "oops", "sorry"];
        // Said in another way everywhere else (docs/style.md, "Before and after").
        let other = [
            "counts for nothing",
            "count for nothing",
            "does not check",
            "to be seen",
            "administrate",
        ];
        for word in coined.into_iter().chain(other) {
            if plain.contains(word) {
                fault(word);
            }
        }
        let denied = plain
            .replace("there is no ", "")
            .replace(" is no longer", "");
        if denied.contains(" is no ") {
            fault("\"is no\", which is \"is not a\" in plain English");
        }
        for command in commands(text) {
            if let Some(what) = wrong(&command) {
                fault(&what);
            }
        }
    }
    assert!(texts.len() > 500, "only {} texts were found", texts.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_command_that_cannot_be_typed_is_found() {
    assert_eq!(
        commands("Pull: git gryt sync pull, then `git gryt log`"),
        ["sync pull", "log"]
    );
    assert!(wrong("sync pull").is_none());
    assert!(wrong("generation new {version} --change TYPE:ID:TITLE").is_none());
    assert!(wrong("sync pul").is_some());
    assert!(wrong("generation new v1.0.0 --chance x").is_some());
}
