//! Literals that do not fit where they stand: operands, arguments, annotated variables, slots and answers (spec 05
//! sections 17 and 18).
//!
//! Only of literals is anything said, whose class is certain; of all else the types would have to be inferred.

use beamtalk_syntax::ast::{Assign, DataDecl, DataKeyword, Expr, ExprKind, Message, Method, TypeExpr};
use beamtalk_text::{Category, Diagnostic};

use super::known::{Known, literal_class};
use super::{Checker, head};
use crate::classes::Side;
use crate::lower::MethodContext;
use crate::types::{Member, Type};

impl Checker<'_> {
    /// The operand of arithmetic, or the arguments of a method with annotated parameters.
    pub(super) fn fitting_arguments(&mut self, known: Option<Known<'_>>, message: &Message, selector: &str) {
        let Some(known) = known else { return };
        let literals = message.arguments.iter().any(|argument| literal_class(argument).is_some());
        if !literals || self.operand(known, message, selector) {
            return;
        }
        let table = self.cx.table;
        let Some((owner, method)) = table.find_method(known.class(), known.side(), selector) else { return };
        if owner.type_parameters.is_empty() {
            let types = method.types.parameters.clone();
            for (number, (argument, ty)) in message.arguments.iter().zip(types).enumerate() {
                if let Some((got, expected)) = self.misfit(ty.as_ref(), argument) {
                    self.warning(
                        "E0366",
                        argument.span,
                        format!(
                            "Argument {} of '{selector}' on {} expects {expected}, got {got}",
                            number + 1,
                            known.class()
                        ),
                        "Give what the method's head asks for.",
                    );
                }
            }
        }
    }

    /// Whether the message is an operator with a rule of its own.
    fn operand(&mut self, known: Known<'_>, message: &Message, selector: &str) -> bool {
        let Known::Instance(class) = known else { return false };
        let [argument] = message.arguments.as_slice() else { return false };
        let Some(got) = literal_class(argument) else { return false };
        let table = self.cx.table;
        let (expected, wrong) = match selector {
            "+" | "-" | "*" | "/" | "<" | ">" | "<=" | ">=" if table.inherits(class, "Number") => {
                ("a numeric", !table.inherits(got, "Number") && got != "Character")
            }
            "++" if table.inherits(class, "String") => ("a String", !matches!(got, "String" | "Symbol")),
            _ => return false,
        };
        if wrong {
            let said = format!("`{selector}` on {class} expects {expected} argument, got {got}");
            let help = if selector == "++" {
                "Write `printString` behind it, or put it into the text as `{…}`."
            } else {
                "Numbers go with numbers."
            };
            self.warning("E0367", head(message), said, help);
        }
        true
    }

    /// `x :: Integer := "a"` and `self.n := "a"`.
    pub(super) fn fitting_value(&mut self, assign: &Assign) {
        if let Some(annotation) = &assign.annotation {
            if let Some((got, expected)) = self.misfit(Some(annotation), &assign.value) {
                let said = format!("Type mismatch: declared as {expected}, got {got}");
                self.warning("E0368", assign.value.span, said, "Change the annotation, or the value.");
            }
            return;
        }
        let ExprKind::Field { receiver, name } = &assign.target.kind else { return };
        if !matches!(receiver.kind, ExprKind::SelfRef) || literal_class(&assign.value).is_none() {
            return;
        }
        let expected = self.slot_type(&name.name);
        if let Some(got) = self.misfit_of(&expected, &assign.value) {
            let said = format!("Type mismatch: field `{}` declared as {expected}, got {got}", name.name);
            self.warning("E0368", assign.value.span, said, "Change the annotation, or the value.");
        }
    }

    /// A method that ends in a literal which is not what its head promises.
    pub(super) fn fitting_answer(&mut self, method: &Method) {
        let Some(last) = method.body.last() else { return };
        let answered = match &last.expr.kind {
            ExprKind::Return(value) => value,
            _ => &last.expr,
        };
        let (Some(class), Some((got, expected))) =
            (self.cx.class, self.misfit(method.return_type.as_ref(), answered))
        else {
            return;
        };
        let class = if self.cx.side == Side::Class {
            format!("{} class", class.name)
        } else {
            class.name.to_string()
        };
        let selector = method.signature.selector();
        let said =
            format!("Method '{selector}' in {class} declares return type {expected}, but body returns {got}");
        self.warning("E0369", answered.span, said, "Change the annotation, or the last statement.");
    }

    /// The literal's class and the type, if the one does not fit the other.
    fn misfit(&self, annotation: Option<&TypeExpr>, value: &Expr) -> Option<(String, Type)> {
        literal_class(value)?;
        let expected = self.meaning().of(annotation?);
        let got = self.misfit_of(&expected, value)?;
        Some((got, expected))
    }

    fn misfit_of(&self, expected: &Type, value: &Expr) -> Option<String> {
        let got = literal_class(value)?;
        let members = expected.members()?;
        let symbol = match &value.unparenthesised().kind {
            ExprKind::Symbol(name) => Some(name),
            _ => None,
        };
        let fits = members.iter().any(|member| match member {
            Member::Nil => got == "UndefinedObject",
            Member::Symbol(name) => symbol.is_none_or(|symbol| symbol == name) && got == "Symbol",
            Member::Instance(class, _) => self.is_instance(got, class),
            Member::Class(_) | Member::Other(_) => true,
        });
        (!fits).then(|| match symbol {
            Some(name) if got == "Symbol" => format!("#{name}"),
            _ => Member::named(got).to_string(),
        })
    }

    /// Whether a literal of a class may be meant by the name of another, or nothing is known of that.
    fn is_instance(&self, got: &str, class: &str) -> bool {
        let table = self.cx.table;
        let known = table.get(class);
        let open = known.is_none_or(|info| info.protocol.is_some()) || !table.is_complete(class);
        // At run time a character is an integer.
        open || table.inherits(got, class) || (got == "Character" && table.inherits("Integer", class))
    }
}

/// What is said of the default of a slot that does not fit its type.
pub(crate) fn of_default(cx: MethodContext<'_>, data: &DataDecl) -> Option<Diagnostic> {
    let default = data.default.as_ref()?;
    let (got, expected) = Checker::new(cx).misfit(data.annotation.as_ref(), default)?;
    let what = match data.keyword {
        DataKeyword::Field => "field",
        DataKeyword::State => "state",
        DataKeyword::ClassState => "class variable",
    };
    let said = format!("Type mismatch: {what} `{}` declared as {expected}, default is {got}", data.name.name);
    let diagnostic = Diagnostic::warning("E0368", default.span, said).in_category(Category::Type);
    Some(diagnostic.with_help("Change the annotation, or the default."))
}
