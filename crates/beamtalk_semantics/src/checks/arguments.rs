//! Literal arguments that cannot be what the library's methods take (spec 05b section 7.5).

use beamtalk_syntax::ast::{Expr, ExprKind, Message};

use super::Checker;
use super::known::{Known, literal_class};

impl Checker<'_> {
    pub(super) fn arguments(&mut self, known: Option<Known<'_>>, message: &Message, selector: &str) {
        let Some(expected) = expectation(selector) else { return };
        let [first, ..] = message.arguments.as_slice() else { return };
        if !self.is_of_library(known, selector) {
            return;
        }
        let literal = literal_class(first);
        match expected {
            Expected::Block(parameters) => {
                let block = if selector == "inject:into:" { message.arguments.get(1) } else { Some(first) };
                if let Some(block) = block {
                    self.block_arity(block, selector, parameters);
                }
            }
            Expected::Symbol => {
                let is_name = matches!(first.unparenthesised().kind, ExprKind::Class(_) | ExprKind::SelfRef);
                let wrong = is_name || literal.is_some_and(|class| class != "Symbol");
                if wrong {
                    let help = match &first.unparenthesised().kind {
                        ExprKind::Class(name) => format!("Write `#{}`.", name.name.name),
                        ExprKind::String(text) if is_plain(text) => format!("Write `#{text}`."),
                        _ => "Write `#name`.".to_owned(),
                    };
                    let message = format!("{selector} expects a symbol literal");
                    self.error("E0362", first.span, message, help);
                }
            }
            Expected::Integer => {
                for argument in &message.arguments {
                    if let Some(class) = literal_class(argument)
                        && !matches!(class, "Integer" | "Character")
                    {
                        let message = format!("{selector} expects an Integer argument, got {class}");
                        self.warning("E0363", argument.span, message, "Count with integers.");
                    }
                }
            }
            Expected::Index => {
                let indexed = known.is_some_and(|known| {
                    matches!(known, Known::Instance("List" | "Array" | "Tuple" | "String"))
                });
                if indexed
                    && let Some(class) = literal
                    && !matches!(class, "Integer" | "Character")
                {
                    let of = known.map_or("List", Known::class);
                    let message = format!("{selector} on {of} expects an Integer index, got {class}");
                    self.error("E0364", first.span, message, "Positions are integers, the first is 1.");
                }
            }
            Expected::Text => self.text(known, selector, first),
        }
    }

    fn block_arity(&mut self, argument: &Expr, selector: &str, parameters: usize) {
        let ExprKind::Block(block) = &argument.unparenthesised().kind else { return };
        let got = block.parameters.len();
        if got == parameters {
            return;
        }
        let plural = if parameters == 1 { "" } else { "s" };
        let head = match parameters {
            0 => "[ … ]",
            1 => "[:each | … ]",
            _ => "[:a :b | … ]",
        };
        self.error(
            "E0361",
            argument.span,
            format!("{selector} expects a block with {parameters} parameter{plural}, but got {got}"),
            format!("Write `{head}`."),
        );
    }

    fn text(&mut self, known: Option<Known<'_>>, selector: &str, argument: &Expr) {
        let Some(class) = literal_class(argument).filter(|class| *class != "String") else { return };
        let of_string = matches!(known, Some(Known::Instance("String")));
        // `includes:` and `indexOf:` of other collections take any element.
        let any_receiver = matches!(selector, "startsWith:" | "endsWith:" | "splitOn:");
        if of_string || (any_receiver && known.is_none()) {
            let message = format!("{selector} expects a String argument, got {class}");
            self.error("E0365", argument.span, message, "Write the text in double quotes.");
        }
    }

    /// Whether the message can only mean the library's method of that name.
    fn is_of_library(&self, known: Option<Known<'_>>, selector: &str) -> bool {
        match known {
            Some(Known::Class(_)) => selector == "respondsTo:",
            Some(Known::Instance(class)) => self
                .cx
                .table
                .find_method(class, crate::Side::Instance, selector)
                .is_some_and(|(owner, _)| owner.is_library()),
            None => self.cx.table.implementors(selector).next().is_none(),
        }
    }
}

/// What the library's methods of a name take.
enum Expected {
    /// A block with so many parameters.
    Block(usize),
    /// A symbol as the first argument.
    Symbol,
    /// Only integers.
    Integer,
    /// An integer as the first argument, where the receiver is a sequence.
    Index,
    /// A string.
    Text,
}

fn expectation(selector: &str) -> Option<Expected> {
    Some(match selector {
        "do:" | "collect:" | "select:" | "reject:" | "detect:" | "anySatisfy:" | "allSatisfy:"
        | "groupBy:" | "partition:" | "takeWhile:" | "dropWhile:" => Expected::Block(1),
        "eachWithIndex:" | "sortWith:" | "sort:" | "keysAndValuesDo:" | "inject:into:" => Expected::Block(2),
        "whileTrue:" | "whileFalse:" | "timesRepeat:" => Expected::Block(0),
        "respondsTo:" | "fieldAt:" | "fieldAt:put:" | "classNamed:" => Expected::Symbol,
        "take:" | "drop:" | "repeat:" | "from:to:" => Expected::Integer,
        "at:" | "at:put:" => Expected::Index,
        "startsWith:" | "endsWith:" | "splitOn:" | "includes:" | "indexOf:" => Expected::Text,
        _ => return None,
    })
}

/// Whether a text can be written as a symbol without quotes.
fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
}
