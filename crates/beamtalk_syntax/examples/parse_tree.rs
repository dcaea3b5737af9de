//! Print the tree and the diagnostics of standard input: `cargo run --example parse_tree < file.bt`.

use std::io::Read as _;

fn main() -> std::io::Result<()> {
    let mut source = String::new();
    std::io::stdin().read_to_string(&mut source)?;
    let parsed = beamtalk_syntax::parse(&source);
    print!("{}", beamtalk_syntax::dump(&parsed.file));
    for diagnostic in &parsed.diagnostics {
        let help = diagnostic.help.as_deref().unwrap_or("");
        println!("{} {:?} {} ({help})", diagnostic.code, diagnostic.span, diagnostic.message);
    }
    Ok(())
}
