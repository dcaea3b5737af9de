//! Landmarks of a tree-sitter tree.

use tree_sitter::Node;

use super::Landmarks;

/// The counterpart of `compiler::landmarks`.
pub fn landmarks(root: Node<'_>, source: &str) -> Landmarks {
    let mut walk = Walk { source, found: Vec::new() };
    walk.children(root);
    walk.found.sort();
    walk.found
}

struct Walk<'s> {
    source: &'s str,
    found: Landmarks,
}

impl Walk<'_> {
    fn mark(&mut self, what: impl Into<String>, node: Node<'_>) {
        // A class without members may end where the next item begins.
        let blank = match node.kind() {
            "class_definition" | "protocol_definition" => {
                self.text(node).len() - self.text(node).trim_end().len()
            }
            _ => 0,
        };
        self.found.push((node.start_byte(), node.end_byte() - blank, what.into()));
    }

    fn text(&self, node: Node<'_>) -> &str {
        &self.source[node.byte_range()]
    }

    fn field(&self, node: Node<'_>, name: &str) -> String {
        node.child_by_field_name(name).map(|child| self.text(child).to_owned()).unwrap_or_default()
    }

    /// The class of a name that may be qualified.
    fn class(&self, node: Node<'_>, field: &str) -> String {
        let name = self.field(node, field);
        name.rsplit('@').next().unwrap_or_default().to_owned()
    }

    fn children(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.node(child);
        }
    }

    fn fields(&mut self, node: Node<'_>, name: &str) {
        let mut cursor = node.walk();
        let children: Vec<Node<'_>> = node.children_by_field_name(name, &mut cursor).collect();
        for child in children {
            self.node(child);
        }
    }

    /// The children of a kind.
    fn count(node: Node<'_>, kind: &str) -> usize {
        let mut cursor = node.walk();
        node.named_children(&mut cursor).filter(|child| child.kind() == kind).count()
    }

    /// The texts of the children that make a selector, joined.
    fn selector(&self, node: Node<'_>, kinds: &[&str]) -> String {
        let mut cursor = node.walk();
        let parts = node.named_children(&mut cursor).filter(|child| kinds.contains(&child.kind()));
        parts.map(|part| self.text(part)).collect()
    }

    fn node(&mut self, node: Node<'_>) {
        match node.kind() {
            "comment"
            | "doc_comment"
            | "class_name"
            | "class_modifier"
            | "method_modifier"
            | "type_parameters"
            | "native_clause"
            | "handle_scope_clause"
            | "string_content"
            | "escape_sequence"
            | "operator"
            | "keyword"
            | "match_keyword"
                if !Self::is_operand(node) => {}
            kind if kind != "return_type" && kind.ends_with("_type") => self.mark("type", node),
            "class_definition" => {
                let modifiers = Self::count(node, "class_modifier");
                let (name, superclass) = (self.field(node, "name"), self.class(node, "superclass"));
                self.mark(format!("class {name} < {superclass}, {modifiers} modifiers"), node);
                let mut cursor = node.walk();
                for child in node.named_children(&mut cursor) {
                    if matches!(child.kind(), "type_arguments" | "class_body") {
                        self.children(child);
                    }
                }
            }
            "data_declaration" => {
                self.mark(format!("data {}", self.field(node, "name")), node);
                self.fields(node, "type");
                self.fields(node, "default");
            }
            "method_definition" => {
                self.mark(format!("method, {} modifiers", Self::count(node, "method_modifier")), node);
                self.children(node);
            }
            "extension_definition" => {
                let side = if node.child_by_field_name("class_side").is_some() { " class" } else { "" };
                self.mark(format!("extension of {}{side}", self.class(node, "target")), node);
                self.fields(node, "selector");
                let mut cursor = node.walk();
                for child in node.named_children(&mut cursor) {
                    if matches!(child.kind(), "return_type" | "method_body") {
                        self.children(child);
                    }
                }
            }
            "protocol_definition" => {
                self.mark(format!("protocol {}", self.field(node, "name")), node);
                self.fields(node, "body");
            }
            "requirement" => {
                let class_side = Self::count(node, "method_modifier") > 0;
                self.mark(format!("requirement {class_side}"), node);
                self.children(node);
            }
            "type_alias" => {
                self.mark(format!("alias {}", self.field(node, "name")), node);
                self.fields(node, "definition");
            }
            "unary_selector" | "binary_selector" | "keyword_selector" => {
                let selector = match node.kind() {
                    "unary_selector" => self.text(node).to_owned(),
                    _ => self.selector(node, &["operator", "keyword"]),
                };
                let start = node.start_byte();
                self.found.push((start, start, format!("selector {selector}")));
                self.children_of_kind(node, "parameter");
            }
            "parameter" | "block_parameter" => {
                if let Some(name) = node.child_by_field_name("name") {
                    self.mark("parameter", name);
                }
                self.fields(node, "type");
            }
            "expect_directive" => self.mark("expect", node),
            _ => self.expression(node),
        }
    }

    fn children_of_kind(&mut self, node: Node<'_>, kind: &str) {
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor).filter(|child| child.kind() == kind) {
            self.node(child);
        }
    }

    /// Whether a class name is an expression, and not a part of a declaration.
    fn is_operand(node: Node<'_>) -> bool {
        node.kind() == "class_name"
            && node.parent().is_some_and(|parent| {
                !matches!(
                    parent.kind(),
                    "qualified_name" | "class_definition" | "extension_definition" | "typed_pattern"
                )
            })
    }

    fn expression(&mut self, node: Node<'_>) {
        match node.kind() {
            "string" => self.both("string", node),
            "interpolation" | "pair" | "pair_pattern" | "guard" | "block_parameters" | "method_body"
            | "class_body" | "protocol_body" | "return_type" => self.children(node),
            "field_access" => self.mark("field access", node),
            "parenthesized_expression" => self.both("group", node),
            "block" => {
                let mut cursor = node.walk();
                let list = node.named_children(&mut cursor).find(|child| child.kind() == "block_parameters");
                let parameters = list.map_or(0, |list| Self::count(list, "block_parameter"));
                self.both(format!("block of {parameters}"), node);
            }
            "list" | "list_pattern" => self.both("list", node),
            "array" | "array_pattern" => self.both("array", node),
            "dictionary" | "dictionary_pattern" => self.both("dictionary", node),
            "unary_message" => {
                self.mark(format!("send {}", self.field(node, "selector")), node);
                self.fields(node, "receiver");
            }
            "binary_message" => {
                self.mark(format!("send {}", self.field(node, "operator")), node);
                self.fields(node, "receiver");
                self.fields(node, "argument");
            }
            "keyword_message" => {
                self.mark(format!("send {}", self.selector(node, &["keyword"])), node);
                self.fields(node, "receiver");
                self.fields(node, "argument");
            }
            "cascaded_message" => {
                let selector = match node.child_by_field_name("selector") {
                    Some(selector) => self.text(selector).to_owned(),
                    None => self.selector(node, &["operator", "keyword"]),
                };
                self.mark(format!("send {selector}"), node);
                self.fields(node, "argument");
            }
            "cascade" => {
                let messages = Self::count(node, "cascaded_message") + 1;
                self.both(format!("cascade of {messages}"), node);
            }
            "assignment" => self.both("assignment", node),
            "return" => self.both("return", node),
            "cast" => self.both("cast", node),
            "match_expression" => {
                self.both(format!("match of {}", Self::count(node, "match_arm")), node);
            }
            "match_arm" => self.both("arm", node),
            "primitive" => self.mark("primitive", node),
            "typed_pattern" => self.mark("typed pattern", node),
            "tuple_pattern" => self.both("tuple", node),
            "rest_pattern" => self.mark("rest", node),
            "constructor_pattern" => {
                self.mark("constructor", node);
                let class = node.child_by_field_name("class");
                let mut cursor = node.walk();
                let parts: Vec<Node<'_>> =
                    node.named_children(&mut cursor).filter(|child| Some(*child) != class).collect();
                for part in parts {
                    self.node(part);
                }
            }
            "binary_pattern" => {
                self.mark(format!("binary of {}", Self::count(node, "segment")), node);
            }
            _ => self.mark("leaf", node),
        }
    }

    fn both(&mut self, what: impl Into<String>, node: Node<'_>) {
        self.mark(what, node);
        self.children(node);
    }
}
