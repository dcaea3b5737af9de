; Two columns for the members of a class and for what a method or a bracket holds.

[
  (class_definition)
  (protocol_definition)
  (method_definition)
  (extension_definition)
  (block)
  (match_expression)
  (list)
  (array)
  (dictionary)
  (parenthesized_expression)
] @indent.begin

["]" ")" "}"] @indent.branch @indent.end
