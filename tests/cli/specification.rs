//! docs/format.md is the specification: each of its sentences about drafts, evolutions and entries is broken
//! by a test, or states no rule. A sentence that is written anew needs a row here.

use std::fs;
use std::path::Path;

/// The sections whose sentences are looked at.
const SECTIONS: [&str; 8] = [
    "Contract",
    "Draft",
    "Evolution",
    "Proof",
    "Abandonment",
    "Approval",
    "Ledger",
    "Signatures",
];

/// How a sentence begins, and what breaks the rule that it states: tests by their names, and scripts of
/// fixtures/hostile. None where it states no rule.
const SENTENCES: &[(&str, &[&str])] = &[
    (
        "`generation.yaml`, the text of the person who wrote it",
        &["a_broken_rule_is_said_with_its_place"],
    ),
    (
        "Other keys are refused, with line and column",
        &["a_broken_rule_is_said_with_its_place"],
    ),
    ("A commit on an evolution.", &[]),
    (
        "Parents: the evolution's tip before it",
        &[
            "third-parent.sh",
            "a_proof_holds_what_was_run_and_pins_its_commit",
        ],
    ),
    ("Tree:", &[]),
    (
        "`evolution.yaml` unchanged, `proof.yaml`",
        &[
            "evolution-changed.sh",
            "a_proof_holds_what_was_run_and_pins_its_commit",
            "the_pipeline_says_how_much_of_its_output_is_kept",
            "a_gigabyte_leaves_a_tail_with_its_cut_marked",
            "a_flaky_step_is_tried_again_and_that_is_kept",
            "a_ci_engines_result_is_recorded_with_its_reports",
        ],
    ),
    (
        "A proof has its proven commit as the second parent, with one exception",
        &[
            "a_branch_that_is_amended_and_rebased_is_shared_and_promotes",
            "only_what_counts_blocks_and_it_blocks_nothing_else",
        ],
    ),
    (
        "Before a proof is first shared, it is written again without that parent",
        &[
            "a_branch_that_is_amended_and_rebased_is_shared_and_promotes",
            "only_what_counts_blocks_and_it_blocks_nothing_else",
        ],
    ),
    (
        "The later commits of the evolution are then written again",
        &["a_branch_that_is_amended_and_rebased_is_shared_and_promotes"],
    ),
    (
        "Two commits of an evolution that differ only in that",
        &["a_branch_that_is_amended_and_rebased_is_shared_and_promotes"],
    ),
    (
        "A proof without its second parent covers a release by",
        &["a_squash_needs_no_new_run_although_its_branch_is_gone"],
    ),
    (
        "The `id` of a patch is the blob id of this text",
        &[
            "the_id_of_a_patch_is_what_the_format_says",
            "binary_files_are_told_apart_although_their_patches_look_alike",
            "neither_white_space_nor_a_merges_own_edit_is_taken_for_what_was_proven",
        ],
    ),
    (
        "A side that does not exist has the path of the other",
        &["the_id_of_a_patch_is_what_the_format_says"],
    ),
    (
        "Renames are not followed",
        &["the_id_of_a_patch_is_what_the_format_says"],
    ),
    (
        "Then, for a binary file, the old blob id",
        &["the_id_of_a_patch_is_what_the_format_says"],
    ),
    (
        "Where the last line of a side has no line end",
        &["the_id_of_a_patch_is_what_the_format_says"],
    ),
    (
        "`paths` is the blob id of the paths",
        &["the_id_of_a_patch_is_what_the_format_says"],
    ),
    (
        "An evolution is judged by its last proof that is not void",
        &[
            "proof-status.sh",
            "a_run_that_proves_nothing_takes_nothing_back",
            "a_failure_is_recorded_and_stays_beside_the_pass_that_follows",
        ],
    ),
    (
        "It counts for its change where that proof has `status: pass`",
        &[
            "counted-untrue.sh",
            "generation-other.sh",
            "a_reworded_change_asks_for_a_new_proof_and_a_described_one_does_not",
        ],
    ),
    (
        "Its commit is 1 MB at most",
        &["no_object_behind_any_ref_stops_anybody"],
    ),
    (
        "It changes 12,000 paths at most",
        &["no_tree_is_walked_without_a_bound"],
    ),
    (
        "Each tree that has to be read for that is 16 MB at most",
        &[
            "no_object_behind_any_ref_stops_anybody",
            "a_tree_that_says_a_name_twice_is_not_sound",
        ],
    ),
    (
        "The files of an import have 32 MB at most",
        &["no_tree_is_walked_without_a_bound"],
    ),
    (
        "No path that it adds has more than six components",
        &["no_tree_is_walked_without_a_bound"],
    ),
    (
        "`unproven` is there where a policy",
        &["nothing_cries_wolf_and_what_slips_in_is_told"],
    ),
    (
        "A promotion is disputed where `count`",
        &["unproven-unsaid.sh"],
    ),
    (
        "So is one whose `artifacts` are not those",
        &["artifact-other.sh"],
    ),
    (
        "Each commit's tree holds `generation.yaml` alone",
        &["draft-trailer.sh", "each_rule_is_found_broken"],
    ),
    (
        "A draft whose first commit has no `Gryt-Nonce`",
        &[
            "a_spoilt_draft_is_named_with_each_way_out",
            "draft-without-nonce.sh",
        ],
    ),
    (
        "The first commit along first parents is the generation's",
        &[
            "a_version_made_again_is_another_generation",
            "generation-other.sh",
        ],
    ),
    (
        "The first commit has no parent, a `Gryt-Nonce`",
        &["evolution-without-nonce.sh"],
    ),
    (
        "Its oid is the evolution's identity",
        &[
            "evolution-twice.sh",
            "one_evolution_under_two_numbers_is_sealed_once_signed_or_not",
        ],
    ),
    (
        "Every commit's author is the owner",
        &[
            "evolution-changed.sh",
            "evolution-trailers.sh",
            "third-parent.sh",
            "only_its_owner_adds_to_an_evolution",
        ],
    ),
    (
        "Where the evolution was imported from another tool's record",
        &["a_project_of_the_original_tool_comes_over_and_only_proves_what_it_can"],
    ),
    (
        "`id` (that tool's own",
        &["one_attempt_of_a_record_counts_once_however_often_it_is_imported"],
    ),
    (
        "Alone, a claim counts as nothing",
        &["a_project_of_the_original_tool_comes_over_and_only_proves_what_it_can"],
    ),
    (
        "Whoever imported the evolution may publish it",
        &["what_a_record_tells_of_other_people_goes_over_with_its_draft"],
    ),
    (
        "A commit on an evolution that adds `abandoned.yaml`",
        &["what_was_given_up_stays_to_be_seen_with_its_reason"],
    ),
    (
        "Parents: the tip before it, and the proven commit of",
        &["what_was_given_up_stays_to_be_seen_with_its_reason"],
    ),
    (
        "The evolution counts as nothing from then on",
        &["proof-after-abandonment.sh"],
    ),
    ("Linear along first parents", &[]),
    (
        "The first commit is the genesis",
        &["each_rule_of_a_genesis_is_enforced"],
    ),
    (
        "Its oid is the ledger's identity",
        &["no_ledger_is_begun_where_tags_name_entries_of_one_that_was_lost"],
    ),
    (
        "**Promotion.** Parents, in this order",
        &["each_rule_is_enforced", "original-none.sh"],
    ),
    (
        "Its tree is the tree of the base with two or three",
        &[
            "each_rule_is_enforced",
            "an_entry_cannot_bring_other_releases_along",
            "a_new_shelf_hides_nothing",
        ],
    ),
    (
        "`<file name>.generation.yaml`: the blob",
        &["each_rule_is_enforced"],
    ),
    ("`<file name>.promotion.yaml`, below", &[]),
    (
        "`<file name>.policy.yaml`: the blob",
        &["policy-other.sh", "policy-unsealed.sh"],
    ),
    (
        "One commit without a parent, with a `Gryt-Nonce`",
        &["an_approval_is_one_commit_of_its_author_and_nothing_else"],
    ),
    (
        "Its tree holds `approval.yaml`",
        &[
            "an_approval_is_one_commit_of_its_author_and_nothing_else",
            "approval-policy.sh",
        ],
    ),
    (
        "Nothing else is in the tree",
        &["an_approval_is_one_commit_of_its_author_and_nothing_else"],
    ),
    ("The commit's author is `by`", &["approval-author.sh"]),
    (
        "In the ref, `<email>` is their email in lower case",
        &["an_email_becomes_one_part_of_a_name_and_comes_back"],
    ),
    (
        "Letters, digits, `_`, `-`, `+` and `@` stand for themselves",
        &["an_email_becomes_one_part_of_a_name_and_comes_back"],
    ),
    (
        "Every other byte is written `%XX`",
        &["an_email_becomes_one_part_of_a_name_and_comes_back"],
    ),
    (
        "An email without `@` also has its first byte escaped",
        &["an_email_becomes_one_part_of_a_name_and_comes_back"],
    ),
    (
        "The escaped text is 200 bytes at most",
        &["an_email_becomes_one_part_of_a_name_and_comes_back"],
    ),
    (
        "For example, `a.b@x.org` is",
        &["an_email_becomes_one_part_of_a_name_and_comes_back"],
    ),
    (
        "The ref of an approval never moves",
        &["a_server_lets_no_approval_in_that_does_not_check"],
    ),
    (
        "Whoever says something else says it under the next number",
        &["what_is_taken_back_while_it_is_promoted_stops_that_or_comes_too_late"],
    ),
    (
        "Of what one person said of a generation",
        &[
            "a_rule_counts_each_of_its_people_once",
            "approval-generation.sh",
        ],
    ),
    (
        "`code` is missing where the policy names no",
        &["what_release_files_match_is_no_part_of_the_code"],
    ),
    (
        "Otherwise `code` is the digest of the tree",
        &["what_release_files_match_is_no_part_of_the_code"],
    ),
    (
        "The digest of a tree is the blob id of this text",
        &["what_release_files_match_is_no_part_of_the_code"],
    ),
    (
        "A folder whose entries are all matched stays",
        &["what_release_files_match_is_no_part_of_the_code"],
    ),
    (
        "In a glob `*` and `?` match no",
        &["a_rule_stands_where_it_is_about_the_release"],
    ),
    (
        "An approval holds for a release where `contract`",
        &[
            "an_edit_another_commit_and_another_policy_end_an_approval_and_no_rejection",
            "approval-commit.sh",
            "approval-contract.sh",
            "approval-policy.sh",
        ],
    ),
    (
        "The evolutions are not in the tree",
        &["each_rule_is_enforced"],
    ),
    (
        "**Withdrawal.**",
        &["each_rule_of_a_withdrawal_is_enforced"],
    ),
    (
        "Its tree is the base's with one new file, `withdrawals/",
        &["each_rule_of_a_withdrawal_is_enforced"],
    ),
    (
        "`version`, `reason`, optional `use`",
        &["each_rule_of_a_withdrawal_is_enforced"],
    ),
    (
        "The version must be in the base's releases or imports",
        &["each_rule_of_a_withdrawal_is_enforced"],
    ),
    (
        "Of several withdrawals of a version",
        &["withdrawal-first.sh"],
    ),
    ("**Import.**", &["an_import_takes_versions_that_nobody_has"]),
    (
        "Its tree is the base's with a new file for each version",
        &["an_import_takes_versions_that_nobody_has"],
    ),
    (
        "`version`, optional `description` and `commit`",
        &["import-without-v.sh"],
    ),
    (
        "Such a version is taken, and nothing of it is proven",
        &["release_tags_are_taken_and_known"],
    ),
    (
        "Its `commit` is not held by the entry",
        &["a_commit_that_only_a_lost_tag_held_is_named_before_and_after_it_is_gone"],
    ),
    (
        "**Move.**",
        &["what_left_arrives_once_and_nothing_else_does"],
    ),
    (
        "`left` adds `moves/",
        &["what_left_arrives_once_and_nothing_else_does"],
    ),
    (
        "The YAML holds `id`, `half`",
        &["what_left_arrives_once_and_nothing_else_does"],
    ),
    (
        "`refs` lists what was shared beside the ledger",
        &["what_came_too_late_for_the_move_is_sent_again"],
    ),
    (
        "A ledger that holds a `left` without its `arrived`",
        &["only_a_promoter_moves_and_an_entry_after_the_move_counts_for_nothing"],
    ),
    (
        "**Acceptance.**",
        &["each_rule_of_an_acceptance_is_enforced"],
    ),
    (
        "Its tree is the base's with one new file, `acceptances/",
        &["each_rule_of_an_acceptance_is_enforced"],
    ),
    (
        "`entry`, `reason`, `by`, `at`",
        &["each_rule_of_an_acceptance_is_enforced"],
    ),
    (
        "It settles that the entry is disputed in error",
        &["accepted-stranger.sh"],
    ),
    (
        "**Tags.** The tag of a release is an annotated tag",
        &["tag-moved.sh"],
    ),
    (
        "Its tagger is the promoter",
        &["a_clone_without_memory_is_warned_by_tags"],
    ),
    (
        "It belongs to the entry that it names",
        &["who_verified_what_was_put_back_on_top_of_others_goes_on_without_a_word_of_command"],
    ),
    (
        "A tag that names another ledger",
        &["a_clone_that_saw_less_is_told_whose_ledger_is_longer"],
    ),
    (
        "Whoever verified a promotion",
        &[
            "a_tag_that_its_promoter_could_not_send_is_sent_by_others",
            "a_tag_that_nobody_wants_is_not_made",
        ],
    ),
    ("Frozen for format 1", &[]),
    (
        "An entry whose format or kind is not listed here",
        &["a_later_format_or_kind_stops_everybody"],
    ),
    (
        "Gates, policy and signatures are not part of validity",
        &["promoter-stranger.sh"],
    ),
    (
        "`Gryt-Base` is the oid of the last valid entry",
        &["each_rule_is_enforced"],
    ),
    (
        "Against the base's tree, the entry's tree only adds",
        &["each_rule_is_enforced", "mode-changed.sh"],
    ),
    (
        "The version of a promotion, and each of an import",
        &[
            "each_rule_is_enforced",
            "an_import_takes_versions_that_nobody_has",
        ],
    ),
    (
        "Where the base holds a `left` without its `arrived`",
        &["what_left_arrives_once_and_nothing_else_does"],
    ),
    (
        "A `left` has a new id",
        &["what_left_arrives_once_and_nothing_else_does"],
    ),
    (
        "The files that it adds spell their version out",
        &["record-without-v.sh", "import-without-v.sh"],
    ),
    (
        "Only the contract of a promotion may leave it out",
        &["a_contract_may_leave_out_the_v_of_its_version"],
    ),
    (
        "Contract and `promotion.yaml` parse",
        &["each_rule_is_enforced"],
    ),
    (
        "What an evolution holds is sealed by its tip's oid",
        &["each_rule_is_enforced"],
    ),
    ("What is valid may still be untrue", &[]),
    (
        "An invalid entry contributes nothing",
        &["a_link_inside_a_ledger_entry_counts_for_nothing"],
    ),
    (
        "The next entry's first parent is still the invalid one",
        &["mode-changed.sh"],
    ),
    (
        "A draft, an evolution, an approval or an entry may be signed",
        &["a_commit_is_taken_apart_as_git_does", "signed-broken.sh"],
    ),
    (
        "A commit with two such headers",
        &["a_commit_is_taken_apart_as_git_does"],
    ),
    (
        "An ssh signature is one of the namespace",
        &["a_signature_of_something_else_is_none"],
    ),
    (
        "The signature of an approval is judged as its author's",
        &["approval-unsigned.sh"],
    ),
    (
        "A tag's signature stands below its message",
        &["a_tag_is_signed_below_its_message"],
    ),
    (
        "A signature is never part of validity",
        &["signed-missing.sh"],
    ),
    (
        "Where a policy asks for signatures (`signed`), these are judged:",
        &[
            "signed-foreign.sh",
            "signed-proof.sh",
            "withdrawal-unsigned.sh",
        ],
    ),
    (
        "An entry with `Gryt-Original` is judged by the signature",
        &["what_is_appended_again_is_judged_by_the_original_s_signature"],
    ),
    (
        "The key that made a signature is compared with",
        &["signed-unknown.sh", "a_subkey_is_good_while_its_key_is"],
    ),
    (
        "A key's `valid-after`, `valid-before` or end",
        &[
            "signed-expired.sh",
            "a_signature_is_worth_what_its_key_is_named_for",
        ],
    ),
    (
        "For an entry it is compared with its `promoted_at`",
        &[
            "signed-backdated.sh",
            "a_key_that_is_over_signs_nothing_by_naming_an_earlier_time",
        ],
    ),
    (
        "A gpg key that is revoked in the policy's own text",
        &["signed-revoked.sh"],
    ),
];

/// The sentences of a section: its examples, tables and headings left out.
fn sentences(page: &str, section: &str) -> Vec<String> {
    let heading = format!("\n## {section}\n");
    let (_, rest) = page.split_once(&heading).unwrap();
    let body = rest.split("\n## ").next().unwrap();
    let prose: String = body
        .split("```")
        .step_by(2)
        .collect::<Vec<_>>()
        .join("\n\n");
    let mut paragraphs = vec![String::new()];
    for line in prose.lines() {
        let line = line.trim();
        let item = line.strip_prefix("- ").or_else(|| {
            let (number, rest) = line.split_once(". ")?;
            number.parse::<u8>().is_ok().then_some(rest)
        });
        if line.is_empty() || item.is_some() {
            paragraphs.push(String::new());
        }
        let text = item.unwrap_or(line);
        if !text.starts_with(['#', '|']) {
            let last = paragraphs.last_mut().unwrap();
            *last = format!("{last} {text}").trim().to_owned();
        }
    }
    let mut found = Vec::new();
    for paragraph in paragraphs {
        let mut sentence = String::new();
        for word in paragraph.split(' ') {
            let begins = word.starts_with(|c: char| c.is_ascii_uppercase() || "`*".contains(c));
            if begins && sentence.ends_with(['.', ':']) {
                found.push(std::mem::take(&mut sentence));
            }
            sentence = format!("{sentence} {word}").trim().to_owned();
        }
        found.push(sentence);
    }
    found.retain(|sentence| !sentence.is_empty() && !sentence.ends_with(".**"));
    found
}

/// Everything that is written below a folder.
fn sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn each_sentence_of_the_format_has_a_test_that_breaks_it() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(top.join("docs/format.md")).unwrap();
    let mut wrong = Vec::new();
    let mut met = vec![0; SENTENCES.len()];
    for section in SECTIONS {
        for sentence in sentences(&page, section) {
            let row = SENTENCES
                .iter()
                .position(|(begin, _)| sentence.starts_with(begin));
            match row {
                Some(row) => met[row] += 1,
                None => wrong.push(format!("{section}: no test is named for: {sentence}")),
            }
        }
    }
    let mut code = String::new();
    sources(&top.join("src"), &mut code);
    sources(&top.join("tests"), &mut code);
    for ((begin, breakers), met) in SENTENCES.iter().zip(met) {
        if met != 1 {
            wrong.push(format!("{met} sentences begin with: {begin}"));
        }
        for breaker in *breakers {
            let there = match breaker.ends_with(".sh") {
                true => top.join("fixtures/hostile").join(breaker).exists(),
                false => {
                    code.contains(&format!("#[test]\n    fn {breaker}()"))
                        || code.contains(&format!("#[test]\nfn {breaker}()"))
                }
            };
            if !there {
                wrong.push(format!(
                    "there is no test {breaker}, which is to break: {begin}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
