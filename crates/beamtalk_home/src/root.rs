//! Finding the project that a folder belongs to.

use std::fs;
use std::path::{Path, PathBuf};

/// The innermost folder, from `start` upwards, that holds `.beamtalk/`, `beamtalk.toml` or `.git`; else
/// `start`. The answer is absolute and free of symbolic links where the system can tell.
pub fn project_root(start: &Path) -> PathBuf {
    let home = std::env::var_os("HOME").map(|home| canonical(Path::new(&home)));
    project_root_below(start, home.as_deref())
}

/// As [`project_root`]; the `.beamtalk/` of `home` holds our state and marks no project.
fn project_root_below(start: &Path, home: Option<&Path>) -> PathBuf {
    let start = canonical(start);
    let marked = |folder: &&Path| {
        let state = Some(*folder) == home;
        (!state && folder.join(".beamtalk").is_dir())
            || folder.join("beamtalk.toml").exists()
            || folder.join(".git").exists()
    };
    start.ancestors().find(marked).map_or_else(|| start.clone(), Path::to_path_buf)
}

fn canonical(path: &Path) -> PathBuf {
    fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_marker_wins() {
        let dir = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(dir.path()).unwrap();
        let deep = top.join("outer/inner/src");
        fs::create_dir_all(&deep).unwrap();
        assert_eq!(project_root_below(&deep, None), deep);
        fs::create_dir(top.join("outer/.git")).unwrap();
        assert_eq!(project_root_below(&deep, None), top.join("outer"));
        fs::write(top.join("outer/inner/beamtalk.toml"), "").unwrap();
        assert_eq!(project_root_below(&deep, None), top.join("outer/inner"));
    }

    #[test]
    fn the_state_folder_marks_no_project() {
        let dir = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(dir.path()).unwrap();
        let work = top.join("work");
        fs::create_dir_all(top.join(".beamtalk")).unwrap();
        fs::create_dir(&work).unwrap();
        assert_eq!(project_root_below(&work, Some(&top)), work);
        assert_eq!(project_root_below(&work, None), top);
    }
}
