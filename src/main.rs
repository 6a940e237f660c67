//! The `git-gryt` binary: an exit code, and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(git_gryt::run(std::env::args_os()))
}
