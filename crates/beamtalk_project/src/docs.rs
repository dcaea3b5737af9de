//! Help texts for classes and methods (spec 02 section 20).

use beamtalk_semantics::{ClassInfo, Side};
use smol_str::SmolStr;

use crate::Image;

impl Image {
    /// Help for a class, or for one of its methods.
    ///
    /// # Errors
    /// A sentence for people: no such class, or no such method.
    pub fn docs(&self, class: &str, selector: Option<&str>) -> Result<String, String> {
        let table = self.table();
        let Some(info) = table.get(class) else {
            return Err(format!("Unknown class: {class}. Use :modules to see loaded classes."));
        };
        match selector {
            None => Ok(self.class_docs(info)),
            Some(selector) => self.method_docs(info, selector),
        }
    }

    fn class_docs(&self, info: &ClassInfo) -> String {
        let mut text = match &info.superclass {
            Some(superclass) => format!("== {} < {superclass} ==\n", info.name),
            None => format!("== {} ==\n", info.name),
        };
        if let Some(doc) = &info.doc {
            text.push_str(doc);
            text.push('\n');
        }
        for (side, title) in [(Side::Class, "Class methods"), (Side::Instance, "Instance methods")] {
            let selectors = sorted(info, side);
            if !selectors.is_empty() {
                text.push_str(&format!("\n{title}:\n"));
                for selector in selectors {
                    text.push_str(&format!("  {selector}\n"));
                }
            }
        }
        for ancestor in self.table().chain(&info.name).skip(1) {
            let selectors = sorted(ancestor, Side::Instance);
            if selectors.is_empty() {
                continue;
            }
            let shown: Vec<&str> = selectors.iter().take(3).map(SmolStr::as_str).collect();
            let more = selectors.len().saturating_sub(shown.len());
            let rest = if more > 0 { format!(", ... ({more} more)") } else { String::new() };
            text.push_str(&format!(
                "\nInherited from {} ({} methods): {}{rest}",
                ancestor.name,
                selectors.len(),
                shown.join(", ")
            ));
        }
        text.push_str(&format!("\n\nUse `:help {} selector` for a method.", info.name));
        text
    }

    fn method_docs(&self, info: &ClassInfo, selector: &str) -> Result<String, String> {
        let found = self
            .table()
            .find_method(&info.name, Side::Instance, selector)
            .or_else(|| self.table().find_method(&info.name, Side::Class, selector));
        let Some((owner, method)) = found else {
            return Err(format!(
                "{} does not understand {selector}. Use :help {} to see its methods.",
                info.name, info.name
            ));
        };
        let mut text = format!("== {} >> {selector} ==\n", info.name);
        if owner.name != info.name {
            text.push_str(&format!("(inherited from {})\n", owner.name));
        }
        text.push_str(&format!("  {}\n", method.signature));
        if let Some(doc) = &method.doc {
            text.push_str(&format!("\n{doc}\n"));
        }
        Ok(text.trim_end().to_owned())
    }
}

fn sorted(info: &ClassInfo, side: Side) -> Vec<SmolStr> {
    let mut selectors: Vec<SmolStr> =
        info.methods(side).iter().map(|method| method.selector.clone()).collect();
    selectors.sort();
    selectors
}
