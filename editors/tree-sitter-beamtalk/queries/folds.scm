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
] @fold
