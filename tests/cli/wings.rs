//! The wings of `src/session` (docs/architecture.md, "The wings of a session"): types keep calls
//! from going upwards; what types do not see, free functions and circles of files, is checked here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

use crate::documents::root;

/// Each wing, and those below it.
const WINGS: [(&str, &[&str]); 5] = [
    ("core", &[]),
    ("drafts", &["core"]),
    ("proving", &["core", "drafts"]),
    ("cloud", &["core", "drafts", "proving"]),
    ("sealing", &["core", "drafts", "cloud"]),
];

/// What one file defines for its wing, and what it uses of others.
#[derive(Default)]
struct File {
    methods: BTreeSet<String>,
    /// Methods called on a wing: on `self`, or on a field or variable of its name.
    calls: BTreeSet<String>,
    /// Modules named by path: `wing::module`.
    paths: BTreeSet<(String, String)>,
}

struct Reader<'a> {
    wing: &'a str,
    inside: bool,
    file: File,
}

impl Reader<'_> {
    fn path(&mut self, names: &[String]) {
        let wing = |name: &str| WINGS.iter().any(|(wing, _)| *wing == name);
        match names
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .as_slice()
        {
            ["crate", "session", found, module, ..] if wing(found) => {
                self.file.paths.insert(((*found).into(), (*module).into()));
            }
            ["super", module, ..] => {
                self.file.paths.insert((self.wing.into(), (*module).into()));
            }
            _ => {}
        }
    }

    fn tree(&mut self, tree: &syn::UseTree, mut before: Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.tree(&path.tree, before);
            }
            syn::UseTree::Name(name) => {
                before.push(name.ident.to_string());
                self.path(&before);
            }
            syn::UseTree::Rename(name) => {
                before.push(name.ident.to_string());
                self.path(&before);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(tree, before.clone());
                }
            }
            syn::UseTree::Glob(_) => self.path(&before),
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.path(&names);
        visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        // Tests may reach further than the code that they test.
        if item.ident != "tests" {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let of_wing = match &*item.self_ty {
            syn::Type::Path(path) => path.path.segments.last().is_some_and(|last| {
                item.trait_.is_none() && last.ident.to_string().to_lowercase() == self.wing
            }),
            _ => false,
        };
        self.inside = of_wing;
        visit::visit_item_impl(self, item);
        self.inside = false;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if self.inside {
            self.file.methods.insert(item.sig.ident.to_string());
        }
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let receiver = match &*call.receiver {
            syn::Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
            syn::Expr::Field(field) => match &field.member {
                syn::Member::Named(name) => Some(name.to_string()),
                syn::Member::Unnamed(_) => None,
            },
            _ => None,
        };
        let is_wing = |name: String| {
            (name == "self" && self.inside) || WINGS.iter().any(|(wing, _)| *wing == name)
        };
        if receiver.is_some_and(is_wing) {
            self.file.calls.insert(call.method.to_string());
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// The files of all wings, by `wing/module`; what lies in a module's folder is part of it.
fn files() -> BTreeMap<(String, String), File> {
    let mut found: BTreeMap<(String, String), File> = BTreeMap::new();
    for (wing, _) in WINGS {
        let mut folders = vec![root().join("src/session").join(wing)];
        let top = folders[0].clone();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let below = path.strip_prefix(&top).unwrap().to_owned();
                let first = Path::new(below.components().next().unwrap().as_os_str());
                let module = first.file_stem().unwrap().to_string_lossy().into_owned();
                let text = fs::read_to_string(&path).unwrap();
                let mut reader = Reader {
                    wing,
                    inside: false,
                    file: File::default(),
                };
                reader.visit_file(&syn::parse_file(&text).unwrap());
                let file = found.entry((wing.to_owned(), module)).or_default();
                file.methods.extend(reader.file.methods);
                file.calls.extend(reader.file.calls);
                file.paths.extend(reader.file.paths);
            }
        }
    }
    found
}

#[test]
fn no_wing_names_one_above_it() {
    let mut wrong = Vec::new();
    for ((wing, module), file) in files() {
        let below = WINGS.iter().find(|(name, _)| *name == wing).unwrap().1;
        for (other, named) in &file.paths {
            if *other != wing && !below.contains(&other.as_str()) {
                wrong.push(format!("{wing}/{module} names {other}/{named}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_of_a_wing_need_each_other() {
    let files = files();
    assert!(files.len() > 30, "{:?}", files.keys());
    let mut needs: BTreeMap<&(String, String), BTreeSet<&(String, String)>> = BTreeMap::new();
    for (name, file) in &files {
        // A wing's own file holds what the others are built on, and lists them.
        let others = files.iter().filter(|((wing, module), _)| {
            *wing == name.0 && *module != name.1 && module != "mod" && name.1 != "mod"
        });
        for (other, theirs) in others {
            if file.paths.contains(other) || !file.calls.is_disjoint(&theirs.methods) {
                needs.entry(name).or_default().insert(other);
            }
        }
    }
    // What needs nothing that is left can be taken away; what stays goes round in circles.
    loop {
        let left: BTreeSet<_> = needs.keys().copied().collect();
        let before = left.len();
        for others in needs.values_mut() {
            others.retain(|other| left.contains(*other));
        }
        needs.retain(|_, others| !others.is_empty());
        if needs.len() == before {
            break;
        }
    }
    assert!(needs.is_empty(), "these need each other: {needs:#?}");
}
