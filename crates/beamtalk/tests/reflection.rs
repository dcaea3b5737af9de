//! Programs that look at their classes and change them: each test is one session's input and what it prints.

mod place;

use place::Place;

const SHOP: &str = "Object subclass: Shop\n  /// How many.\n  class count => 1\n  class open: n => n\n\n";

/// What a failing expression raises: its kind and its text.
fn caught(expression: &str) -> String {
    format!("[{expression}] on: Error do: [:e | \"{{e kind}}: {{e message}}\"]\n")
}

#[test]
fn a_method_tells_its_source_wherever_it_comes_from() {
    Place::new().prints(
        &format!(
            "{SHOP}(Integer >> #isEven) source isEmpty\n(Shop class >> #count) source\n(Shop class >> #open:) argumentCount\n\
             Shop class >> two => 2\n(Shop class >> #two) source\n(Shop >> #nothing)\n"
        ),
        "Shop\nfalse\n/// How many.\nclass count => 1\n1\nShop>>two\ntwo => 2\nnil",
    );
}

#[test]
fn a_program_compiles_methods_that_living_objects_use_at_once() {
    Place::new().prints(
        "Actor subclass: Dial\n  state: n = 0\n  turn => self.n := self.n + 1\n\nd := Dial spawn. d turn\n\
         Dial compile: #turn source: \"turn => self.n := self.n + 10\"\nd turn\n\
         Dial tryCompile: #twice source: \"self.n * 2\"\nd twice\n\
         Dial compile: #add:to: source: \"add: a to: b => a + b\"\nd add: 3 to: 4\n\
         Dial class compile: #made source: \"made => #made\"\nDial made\n(Dial >> #twice) source\n",
        "Dial\n1\nDial\n11\nDial\n22\nDial\n7\nDial class\nmade\ntwice =>\n  self.n * 2",
    );
}

#[test]
fn a_source_that_is_not_the_method_is_refused_and_changes_nothing() {
    let input = [
        SHOP.to_owned(),
        caught("Shop compile: #two source: \"three => 3\""),
        caught("Shop compile: #at: source: \"3\""),
        caught("Shop compile: #two source: 42"),
        "[Shop compile: #two source: \"two => (\"] on: Error do: [:e | e kind]\n".to_owned(),
        "Shop class includesSelector: #two\nShop count\n".to_owned(),
    ]
    .concat();
    Place::new().prints(
        &input,
        "Shop\ncompile_failed: The source defines 'three', not 'two'\n\
         compile_failed: The source of 'at:' does not begin with its head\n\
         type_error: compile:source: expects a String body, got: 42\ncompile_failed\nfalse\n1",
    );
}

#[test]
fn a_removed_method_shows_the_inherited_one() {
    let input = "Value subclass: Base\n  name => \"base\"\n\nBase subclass: Leaf\n  name => \"leaf\"\n\nl := Leaf new. l name\n\
         Leaf removeSelector: #name\nl name\nLeaf removeSelector: #name ifAbsent: [\"absent\"]\n";
    Place::new().prints(
        &format!("{input}{}", caught("Leaf removeSelector: #name")),
        "Base\nLeaf\nleaf\nLeaf\nbase\nabsent\n\
         selector_not_found: Leaf does not define #name locally (or as an extension)",
    );
}

#[test]
fn a_class_leaves_the_system_and_can_be_defined_again() {
    let input = [
        "Object subclass: Base\n  name => 1\n\nBase subclass: Leaf\n  leaf => 2\n\n".to_owned(),
        caught("Base removeFromSystem"),
        caught("Integer removeFromSystem"),
        "Leaf removeFromSystem\nBeamtalk classNamed: #Leaf\nBase removeFromSystem\n".to_owned(),
        "Value subclass: Base\n  name => 3\n\nBase new name\n".to_owned(),
    ]
    .concat();
    Place::new().prints(
        &input,
        "Base\nLeaf\nruntime_error: Cannot remove class 'Base'; it has subclasses\n\
         runtime_error: Cannot remove stdlib class 'Integer'\nnil\nnil\nnil\nBase\n3",
    );
}

#[test]
fn a_file_is_loaded_and_loaded_again_by_a_program() {
    let place = Place::new();
    place.write("Tally.bt", "Object subclass: Tally\n  class now => 1\n");
    place.write("Broken.bt", "Object subclass: Broken\n  now => (\n");
    let errors = [
        caught("Workspace load: \"no.bt\""),
        caught("Integer reload"),
        "[Workspace load: \"Broken.bt\"] on: Error do: [:e | e kind]\n".to_owned(),
        "[Workspace sync] on: Error do: [:e | e kind]\n".to_owned(),
    ]
    .concat();
    place.prints(
        &format!("Workspace load: \"Tally.bt\"\nTally now\n{errors}"),
        "#(Tally)\n1\nfile_not_found: File not found: no.bt\n\
         no_source_file: Integer has no source file; stdlib classes cannot be reloaded\ncompile_failed\nfile_not_found",
    );
    place.write("Tally.bt", "Object subclass: Tally\n  class now => 2\n");
    place.prints("Tally reload\nTally now\n", "Tally\n2");
    place.write("Tally.bt", "Object subclass: Tally\n  class now => (\n");
    place.prints("[Tally reload] on: Error do: [:e | e kind]\nTally now\n", "reload_failed\n2");
}

#[test]
fn a_class_belongs_to_the_package_whose_folder_its_file_is_in() {
    let place = Place::new();
    std::fs::create_dir_all(place.project().join("geo/src")).expect("a package");
    place.write(
        "beamtalk.toml",
        "[package]\nname = \"shop\"\nversion = \"0.3.0\"\ndescription = \"Sells.\"\n\n[dependencies]\ngeo = { path = \"geo\" }\n",
    );
    place.write("geo/beamtalk.toml", "[package]\nname = \"geo\"\nversion = \"1.0.0\"\n");
    place.write("Till.bt", "Object subclass: Till\n  class now => 1\n");
    place.write("geo/src/Shape.bt", "Object subclass: Shape\n  class now => 1\n");
    let absent = caught("Package named: \"zed\"");
    place.prints(
        &format!(
            "Workspace load: \"Till.bt\"\nWorkspace load: \"geo/src/Shape.bt\"\nObject subclass: Loose\n  now => 1\n\n\
             Package all\nTill class package\n(Package named: \"shop\") source\nPackage classes: \"shop\"\n\
             Package dependencies: \"shop\"\nShape class packageName\nWorkspace dependencies\n\
             Loose class package\nPackage packageNameFor: #Loose\n{absent}"
        ),
        "#(Till)\n#(Shape)\nLoose\n#(geo, shop, stdlib)\nPackage(shop v0.3.0)\nSells.\n#(Till)\n\
         #(geo)\ngeo\n#{\"geo\" => Package(geo v1.0.0)}\nnil\nnil\npackage_not_found: Package not found: zed",
    );
    place.write("beamtalk.toml", "[package]\n");
    place.prints("Package all\nTill class package\n", "#(stdlib)\nnil");
}

#[test]
fn navigation_sees_what_was_typed_patched_and_removed_at_once() {
    let shop = "Object subclass: Shop\n  open => self ring\n  ring => nil\n\n";
    let nav = "nav := SystemNavigation default\n";
    let senders = "nav sendersOf: #ring\n";
    Place::new().prints(
        &format!(
            "{shop}{nav}{senders}Shop >> open => #(self ring, self ring)\n{senders}Shop compile: #open source: \"open => 4\"\n{senders}\
             Shop class >> make => self ring\n{senders}Integer >> double => Shop ring\n{senders}Shop class removeSelector: #make\n\
             Integer removeSelector: #double\n{senders}Shop removeFromSystem\nnav implementorsOf: #ring\n\
             nav messagesSentBy: Integer >> #isEven\n"
        ),
        "Shop\nSystemNavigation\n#(#{#class => Shop, #line => 1, #selector => #open})\nShop>>open\n\
         #(#{#class => Shop, #line => 1, #selector => #open}, #{#class => Shop, #line => 1, #selector => #open})\nShop\n#()\nShop>>make\n\
         #(#{#class => Shop class, #line => 1, #selector => #make})\nInteger>>double\n\
         #(#{#class => Integer, #line => 1, #selector => #double}, #{#class => Shop class, #line => 1, #selector => #make})\n\
         Shop class\nInteger\n#()\nnil\n#()\n\
         #(#{#line => 2, #selector => #=:=}, #{#line => 2, #selector => #%})",
    );
}

#[test]
fn an_extension_belongs_to_the_package_whose_folder_its_file_is_in() {
    let place = Place::new();
    place.write("beamtalk.toml", "[package]\nname = \"shop\"\nversion = \"0.3.0\"\n");
    place.write(
        "Till.bt",
        "Object subclass: Till\n  class now => 1\n\nInteger >> euros => self\nTill class >> later => 2\n",
    );
    place.prints(
        "Workspace load: \"Till.bt\"\nInteger >> cents => self\nnav := SystemNavigation default\nnav extendersOf: Integer\n\
         nav extendersOf: Till\nnav extendersOf: String\nnav extensionsBy: (Package named: \"shop\")\n\
         nav classesInPackage: #shop\nnav subclassesOf: Object in: \"shop\"\nnav subclassesOf: Number in: \"shop\"\n",
        "#(Till)\nInteger>>cents\nSystemNavigation\n#(Package(shop v0.3.0))\n#(Package(shop v0.3.0))\n#()\n\
         #(#{#class => Integer, #selector => #euros}, #{#class => Till class, #selector => #later})\n#(Till)\n#(Till)\n#()",
    );
}
