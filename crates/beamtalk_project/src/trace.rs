//! When a compiled class may be used again.
//!
//! A class's module is a function of its own text, of the extensions to it, and of what its compilation asked of the class
//! table. The questions are recorded ([`Trace`]); a class is made again when the digest of its text and of today's answers
//! is not the recorded one. So an edit reaches exactly the classes that could notice it.

use beamtalk_semantics::{
    AliasInfo, ClassEffects, ClassInfo, ClassTable, Declared, FieldInfo, Looks, MethodInfo, Origin,
    ProtocolInfo, RequirementInfo, STDLIB,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use smol_str::SmolStr;

/// A SHA-256.
pub type Digest = [u8; 32];

/// Identifies the compiler: the digest of its own sources and of the library's.
pub const FINGERPRINT: &str = env!("BEAMTALK_FINGERPRINT");

/// The questions that a compilation asked, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    classes: Vec<SmolStr>,
    implementors: Vec<SmolStr>,
    control: Vec<SmolStr>,
    everything: bool,
}

impl From<Looks> for Trace {
    fn from(looks: Looks) -> Self {
        let sorted = |set: rustc_hash::FxHashSet<SmolStr>| {
            let mut names: Vec<SmolStr> = set.into_iter().collect();
            names.sort();
            names
        };
        Self {
            classes: sorted(looks.classes),
            implementors: sorted(looks.implementors),
            control: sorted(looks.control),
            everything: looks.everything,
        }
    }
}

/// Today's answers.
pub struct Answers<'t> {
    table: &'t ClassTable,
    /// Of the classes that are not the library's own; the library's change with the fingerprint only.
    interfaces: FxHashMap<SmolStr, Digest>,
    names: Digest,
}

impl<'t> Answers<'t> {
    /// The answers of `table`, in which the classes `own` are not as the library has them.
    pub fn new<'n>(table: &'t ClassTable, own: impl Iterator<Item = &'n SmolStr>) -> Self {
        let mut names = Sha256::new();
        let mut own: Vec<&SmolStr> = own.collect();
        own.sort();
        let mut interfaces = FxHashMap::default();
        for name in own {
            if let Some(info) = table.get(name) {
                text(&mut names, name);
                interfaces.insert(name.clone(), interface(info));
            }
        }
        for alias in table.aliases().filter(|alias| alias.package != STDLIB) {
            // A name is a class's or an alias's; where it is both by mistake, the class is what code is made of.
            interfaces.entry(alias.name.clone()).or_insert_with(|| meaning(alias));
        }
        Self { table, interfaces, names: names.finalize().into() }
    }

    /// The digest of what a class is made from: its own part and the answers to its questions.
    pub fn key(&self, own: &Digest, trace: &Trace) -> Digest {
        let mut hash = Sha256::new();
        hash.update(own);
        for name in &trace.classes {
            match self.interfaces.get(name) {
                Some(digest) => hash.update(digest),
                None => hash.update([u8::from(self.table.get(name).is_some())]),
            }
        }
        for selector in &trace.implementors {
            let modules: Vec<&SmolStr> = self.table.implementors(selector).collect();
            hash.update(modules.len().to_le_bytes());
            hash.update([u8::from(self.table.is_internal(selector))]);
            for module in modules {
                text(&mut hash, module);
            }
        }
        for selector in &trace.control {
            hash.update([u8::from(self.table.is_reimplemented(selector))]);
        }
        if trace.everything {
            hash.update(self.names);
        }
        hash.finalize().into()
    }
}

/// A text with its length before it, so that no two sequences of texts run together into one.
pub fn text(hash: &mut Sha256, text: &str) {
    hash.update(text.len().to_le_bytes());
    hash.update(text.as_bytes());
}

/// What classes can see of a name for a type.
fn meaning(alias: &AliasInfo) -> Digest {
    let AliasInfo { name, package, internal, definition: _, text: definition, doc: _, source_file: _ } =
        alias;
    let mut hash = Sha256::new();
    for part in [name, package, definition] {
        text(&mut hash, part);
    }
    hash.update([u8::from(*internal)]);
    hash.finalize().into()
}

/// What other classes can see of a class. A new field of [`ClassInfo`] must be thought about here.
fn interface(info: &ClassInfo) -> Digest {
    // Lines, documentation and spans reach only the class's own module.
    let ClassInfo {
        name,
        package,
        module,
        superclass,
        superclass_arguments,
        type_parameters,
        is_abstract,
        sealed,
        typed,
        internal,
        fields,
        class_state,
        methods,
        class_methods,
        native,
        doc: _,
        source_file: _,
        built,
        protocol,
    } = info;
    let mut hash = Sha256::new();
    for part in [
        name,
        package,
        module,
        superclass.as_ref().unwrap_or(&SmolStr::default()),
        native.as_ref().unwrap_or(&SmolStr::default()),
    ] {
        text(&mut hash, part);
    }
    hash.update(
        [superclass.is_some(), native.is_some(), *is_abstract, *sealed, *typed, *internal, *built]
            .map(u8::from),
    );
    hash.update(superclass_arguments.len().to_le_bytes());
    for each in superclass_arguments {
        text(&mut hash, &each.to_string());
    }
    hash.update(type_parameters.len().to_le_bytes());
    for each in type_parameters {
        text(&mut hash, each);
    }
    for list in [fields, class_state] {
        hash.update(list.len().to_le_bytes());
        for FieldInfo { name, declared, annotation, ty: _, span: _ } in list {
            text(&mut hash, name);
            text(&mut hash, annotation.as_deref().unwrap_or_default());
            hash.update([match declared {
                Declared::Default => 0,
                Declared::Optional => 1,
                Declared::Required => 2,
            }]);
        }
    }
    for list in [methods, class_methods] {
        hash.update(list.len().to_le_bytes());
        for MethodInfo {
            selector,
            arguments,
            sealed,
            internal,
            origin,
            line: _,
            doc: _,
            signature,
            class_effects: ClassEffects { assigns, own_sends, super_sends },
            types: _,
        } in list
        {
            text(&mut hash, selector);
            text(&mut hash, signature);
            hash.update([u8::from(*assigns)]);
            for sends in [own_sends, super_sends] {
                hash.update(sends.len().to_le_bytes());
                for each in sends {
                    text(&mut hash, each);
                }
            }
            hash.update(arguments.to_le_bytes());
            let origin = match origin {
                Origin::Body => 0,
                Origin::Extension => 1,
                Origin::Getter => 2,
                Origin::Setter => 3,
                Origin::Constructor => 4,
            };
            hash.update([u8::from(*sealed), u8::from(*internal), origin]);
        }
    }
    if let Some(ProtocolInfo { requirements, extending }) = protocol {
        // Heads and documentation reach only the protocol's own module.
        let functions =
            requirements.iter().map(|RequirementInfo { function, signature: _, doc: _ }| function);
        functions.chain(extending).for_each(|name| text(&mut hash, name));
        hash.update([u8::from(extending.is_some())]);
    }
    hash.finalize().into()
}
