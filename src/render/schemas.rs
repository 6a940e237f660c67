//! The schemas of what `--json` prints, generated from the types that are printed and kept in
//! docs/schemas/output/. `UPDATE_EXPECT=1 cargo test --lib schemas` writes them anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Map, Value, json};

use super::{Failure, NewsLine};
use crate::commands::Outcome;

/// What a schema does not list is not printed: a field without documentation fails a test.
struct Closed;

impl Transform for Closed {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if let Some(object) = schema.as_object_mut()
            && object.contains_key("properties")
            && !object.contains_key("additionalProperties")
        {
            object.insert("unevaluatedProperties".into(), Value::Bool(false));
        }
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/schemas/output")
}

/// Each document's name in `schema`, and its own schema.
fn documents() -> Vec<(String, Value)> {
    let generator = || {
        SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator()
    };
    let mut all = serde_json::to_value(generator().into_root_schema_for::<Outcome>()).unwrap();
    let defs = all["$defs"].as_object().cloned().unwrap_or_default();
    let mut found: Vec<(String, Value)> = Vec::new();
    for variant in all["oneOf"].as_array_mut().unwrap() {
        found.push((String::new(), variant.take()));
    }
    let news = generator()
        .into_root_schema_for::<NewsLine<'_>>()
        .to_value();
    let error = generator().into_root_schema_for::<Failure>().to_value();
    let whole = |(_, mut document): (String, Value), defs: &Map<String, Value>| {
        let kind = &document["properties"]["schema"];
        let name = kind["const"].as_str().or(kind["enum"][0].as_str());
        let name = name
            .unwrap_or_else(|| panic!("no schema in {document}"))
            .to_owned();
        let object = document.as_object_mut().unwrap();
        let mut own = object
            .remove("$defs")
            .and_then(|defs| defs.as_object().cloned());
        let own = own.get_or_insert_with(|| defs.clone());
        let mut reached = BTreeSet::new();
        reach(&Value::Object(object.clone()), own, &mut reached);
        own.retain(|name, _| reached.contains(name));
        let mut document = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": name,
        });
        let into = document.as_object_mut().unwrap();
        into.extend(object.clone());
        into.insert("title".into(), Value::String(name.clone()));
        if !own.is_empty() {
            into.insert("$defs".into(), Value::Object(own.clone()));
        }
        let mut schema = Schema::try_from(document).unwrap();
        Closed.transform(&mut schema);
        let mut document = schema.to_value();
        open_branches(&mut document);
        open_where_joined(&mut document);
        (name, document)
    };
    let mut documents: Vec<(String, Value)> =
        found.into_iter().map(|found| whole(found, &defs)).collect();
    for one in [news, error] {
        documents.push(whole((String::new(), one), &Map::new()));
    }
    documents
}

/// Branches beside properties of their own are one object with them: only the whole is closed.
fn open_branches(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.contains_key("properties") {
                for key in ["oneOf", "anyOf", "allOf"] {
                    for branch in object
                        .get_mut(key)
                        .and_then(Value::as_array_mut)
                        .into_iter()
                        .flatten()
                    {
                        if let Some(branch) = branch.as_object_mut() {
                            branch.remove("unevaluatedProperties");
                        }
                    }
                }
            }
            object.values_mut().for_each(open_branches);
        }
        Value::Array(values) => values.iter_mut().for_each(open_branches),
        _ => {}
    }
}

/// A part that is joined into a document by reference must let the others' properties pass: only the
/// whole is closed.
fn open_where_joined(document: &mut Value) {
    let mut joined = BTreeSet::new();
    collect_joined(document, &mut joined);
    for name in joined {
        if let Some(part) = document["$defs"][&name].as_object_mut() {
            part.remove("unevaluatedProperties");
            for key in ["oneOf", "anyOf", "allOf"] {
                for branch in part
                    .get_mut(key)
                    .and_then(Value::as_array_mut)
                    .into_iter()
                    .flatten()
                {
                    if let Some(branch) = branch.as_object_mut() {
                        branch.remove("unevaluatedProperties");
                    }
                }
            }
        }
    }
}

fn collect_joined(value: &Value, joined: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if object.contains_key("properties")
                && let Some(Value::String(to)) = object.get("$ref")
            {
                joined.extend(to.rsplit('/').next().map(str::to_owned));
            }
            object
                .values()
                .for_each(|value| collect_joined(value, joined));
        }
        Value::Array(values) => values
            .iter()
            .for_each(|value| collect_joined(value, joined)),
        _ => {}
    }
}

/// The definitions that `value` refers to, and those that they refer to.
fn reach(value: &Value, defs: &Map<String, Value>, reached: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(to)) = object.get("$ref") {
                let name = to.rsplit('/').next().unwrap().to_owned();
                if reached.insert(name.clone()) {
                    reach(&defs[&name], defs, reached);
                }
            }
            object
                .values()
                .for_each(|value| reach(value, defs, reached));
        }
        Value::Array(values) => values.iter().for_each(|value| reach(value, defs, reached)),
        _ => {}
    }
}

/// What a person or a test reporter wrote into a proof is shown as it is stored.
const STORED: [&str; 3] = ["proof", "evidence", "tests"];

/// The JSON types of what a schema allows, null aside.
fn types_of(schema: &Value, defs: &Value) -> BTreeSet<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        return types_of(&defs[name], defs);
    }
    let mut types = BTreeSet::new();
    for key in ["anyOf", "oneOf"] {
        for branch in schema[key].as_array().into_iter().flatten() {
            types.extend(types_of(branch, defs));
        }
    }
    match &schema["type"] {
        Value::String(one) => _ = types.insert(one.clone()),
        Value::Array(several) => {
            let names = several.iter().filter_map(Value::as_str);
            types.extend(names.map(str::to_owned));
        }
        _ => {}
    }
    if !schema["const"].is_null() || !schema["enum"].is_null() {
        types.insert("string".to_owned());
    }
    if !schema["prefixItems"].is_null() {
        types.insert("a list whose places have meanings".to_owned());
    }
    types.remove("null");
    types
}

fn gather(
    value: &Value,
    defs: &Value,
    found: &mut std::collections::BTreeMap<String, BTreeSet<String>>,
) {
    match value {
        Value::Object(object) => {
            let properties = object.get("properties").and_then(Value::as_object);
            for (name, schema) in properties.into_iter().flatten() {
                if STORED.contains(&name.as_str()) {
                    continue;
                }
                let types = types_of(schema, defs);
                found.entry(name.clone()).or_default().extend(types);
                gather(schema, defs, found);
            }
            for (key, below) in object {
                match key.as_str() {
                    "properties" | "$defs" => {}
                    _ => gather(below, defs, found),
                }
            }
            if let Some(name) = object.get("$ref").and_then(Value::as_str) {
                let name = name.rsplit('/').next().unwrap_or_default();
                gather(&defs[name], defs, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, defs, found)),
        _ => {}
    }
}

#[test]
fn a_field_is_of_one_type_in_all_documents() {
    let mut found = std::collections::BTreeMap::new();
    for (_, document) in documents() {
        gather(&document, &document["$defs"], &mut found);
    }
    found.retain(|_, types| types.len() > 1 || types.iter().any(|name| name.contains(' ')));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn each_document_has_the_schema_that_is_kept() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut known = BTreeSet::new();
    for (name, schema) in documents() {
        let (name, number) = name.split_once('/').unwrap();
        let file = format!("{name}.{number}.schema.json");
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = folder().join(&file);
        if update {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == text,
            "{file} is not what is printed: UPDATE_EXPECT=1 cargo test --lib schemas"
        );
        known.insert(file);
    }
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&name), "nothing prints {name}");
    }
}
