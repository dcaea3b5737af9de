; Names as in nvim-treesitter; other editors fall back to the part before the dot.

(comment) @comment
(doc_comment) @comment.documentation

; Literals

(integer) @number
(float) @number.float
(character) @character
(symbol) @string.special.symbol
(singleton_type (symbol) @string.special.symbol)
(string) @string
(escape_sequence) @string.escape
(interpolation "{" @punctuation.special "}" @punctuation.special) @none
(nil) @constant.builtin
[(true) (false)] @boolean
(wildcard) @character.special

; Names

(identifier) @variable
[(self) (super)] @variable.builtin
(class_name) @type
(named_type (identifier) @type)
(qualified_name package: (identifier) @module)
(field_access name: (identifier) @variable.member)
(parameter name: (identifier) @variable.parameter)
(block_parameter name: (identifier) @variable.parameter)
(data_declaration name: (identifier) @variable.member)

; Messages

(keyword) @function.method.call
(unary_message selector: (identifier) @function.method.call)
(cascaded_message selector: (identifier) @function.method.call)
(match_keyword) @keyword.conditional
(constructor_pattern (keyword) @constructor)

; Definitions

(unary_selector (identifier) @function.method)
(keyword_selector (keyword) @function.method)
(binary_selector (operator) @function.method)
[(class_modifier) (method_modifier) "internal"] @keyword.modifier
[
  "subclass:"
  "native:"
  "handleScope:"
  "Protocol"
  "define:"
  "extending:"
  "type"
] @keyword.type
(extension_definition "class" @keyword.type)
(class_type "class" @keyword.type)
["field:" "state:" "classState:"] @keyword
"when:" @keyword.conditional
"^" @keyword.return
["@expect" "@primitive" "@intrinsic"] @attribute
(expect_directive category: (identifier) @constant)
(segment_specifier) @type.builtin

; Punctuation

(operator) @operator
[":=" "=" "->" "=>" "!" "..." "|" "&" "\\"] @operator
["(" ")" "[" "]" "{" "}" "#(" "#[" "#{" "<<" ">>"] @punctuation.bracket
["," ";" "." ":" "::"] @punctuation.delimiter
