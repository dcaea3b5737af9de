//! Package names (spec 07 section 5.1).

const LONGEST: usize = 64;
const OURS: [&str; 6] = ["beamtalk", "stdlib", "kernel", "runtime", "workspace", "compiler"];
const OTP: [&str; 13] = [
    "common_test",
    "crypto",
    "dialyzer",
    "eunit",
    "inets",
    "mnesia",
    "observer",
    "public_key",
    "sasl",
    "ssh",
    "ssl",
    "tools",
    "xmerl",
];

/// What is wrong with a package name; the text ends with a better one where there is one.
///
/// # Errors
/// A sentence for people.
pub fn check_package_name(name: &str) -> Result<(), String> {
    let Err(reason) = rules(name) else {
        return Ok(());
    };
    let better = suggestion(name);
    let hint =
        if better != name && rules(&better).is_ok() { format!(" (try '{better}')") } else { String::new() };
    Err(format!("Invalid package name '{name}': {reason}{hint}"))
}

fn rules(name: &str) -> Result<(), String> {
    let length = name.chars().count();
    let Some(first) = name.chars().next() else {
        return Err("must not be empty".into());
    };
    if length > LONGEST {
        return Err(format!("too long ({length} chars, max {LONGEST})"));
    }
    if !first.is_ascii_lowercase() {
        return Err(format!("must start with a lowercase letter, found '{first}'"));
    }
    let odd = name.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_'));
    if let Some(odd) = odd {
        return Err(format!("must contain only lowercase letters, digits, and underscores — found '{odd}'"));
    }
    if OURS.contains(&name) {
        return Err("is a reserved package name (conflicts with Beamtalk core)".into());
    }
    if OTP.contains(&name) || name == "xmerl" {
        return Err("conflicts with an Erlang/OTP standard application".into());
    }
    Ok(())
}

/// `MyPkg-x` as `my_pkg_x`.
fn suggestion(name: &str) -> String {
    let mut better = String::with_capacity(name.len() + 4);
    let mut after_small = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && after_small {
            better.push('_');
        }
        after_small = c.is_ascii_lowercase();
        if c.is_ascii_alphanumeric() {
            better.push(c.to_ascii_lowercase());
        } else {
            better.push('_');
        }
    }
    better
}

#[cfg(test)]
mod tests {
    use super::check_package_name;

    #[test]
    fn a_bad_name_comes_with_the_reason_and_a_better_one() {
        assert_eq!(check_package_name("tally_box2"), Ok(()));
        let said = |name: &str| check_package_name(name).unwrap_err();
        assert_eq!(
            said("My-App"),
            "Invalid package name 'My-App': must start with a lowercase letter, found 'M' (try 'my_app')"
        );
        assert!(said("").contains("must not be empty"));
        assert!(said("a.b").ends_with("found '.' (try 'a_b')"));
        assert!(said(&"a".repeat(65)).contains("too long (65 chars, max 64)"));
        assert!(said("kernel").contains("reserved package name"));
        assert!(said("xmerl").contains("Erlang/OTP standard application"));
        assert!(!said("9").contains("try"));
    }
}
