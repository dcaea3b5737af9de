/**
 * Beamtalk for tree-sitter.
 *
 * The grammar is that of the compiler's parser (crates/beamtalk_syntax). Layout is the business of the
 * scanner (src/scanner.c): it emits tokens without width where a definition or a method begins, where
 * a body ends, and where a line end separates two statements. What is left is free of conflicts.
 */

/// <reference types="tree-sitter-cli/dsl" />
// @ts-check

/** Binary operators by how tightly they bind, loosest first. */
const OPERATORS = [
  ['->'],
  ['>>'],
  ['==', '/=', '=:=', '=/='],
  ['<', '>', '<=', '>='],
  ['+', '-', '++'],
  ['*', '/', '%'],
  ['**'],
];

/** @param {RuleOrLiteral} rule */
const commaSeparated = (rule) => seq(rule, repeat(seq(',', rule)));

/** Elements with an optional comma at the end. @param {RuleOrLiteral} rule */
const elements = (rule) => optional(seq(commaSeparated(rule), optional(',')));

module.exports = grammar({
  name: 'beamtalk',

  // In the order of `enum TokenType` in src/scanner.c.
  externals: ($) => [
    $._newline,
    $._end,
    $._body_end,
    $._class_start,
    $._protocol_start,
    $._alias_start,
    $._extension_start,
    $._method_start,
    $._data_start,
    $._requirement_start,
    $.method_modifier,
    $.keyword,
    $.match_keyword,
    $.symbol,
    $._field_dot,
    $._error_sentinel,
  ],

  extras: ($) => [/[ \t\r\n\uFEFF]/, $.comment, $.doc_comment],

  word: ($) => $.identifier,

  supertypes: ($) => [$._expression, $._pattern, $._type],

  inline: ($) => [$._cascade_level, $._selector],

  rules: {
    source_file: ($) => repeat($._item),

    _item: ($) =>
      choice(
        $.class_definition,
        $.protocol_definition,
        $.type_alias,
        $.extension_definition,
        $._ended_statement,
      ),

    comment: (_) => token(choice(/\/\/([^\/\n][^\n]*)?/, /\/\/\/\/[^\n]*/, /\/\*[^*]*\*+([^\/*][^*]*\*+)*\//)),

    doc_comment: (_) => token(/\/\/\/([^\/\n][^\n]*)?/),

    // Definitions

    class_definition: ($) =>
      seq(
        $._class_start,
        repeat($.class_modifier),
        field('superclass', choice($.nil, $._class_reference)),
        optional($.type_arguments),
        'subclass:',
        field('name', $.class_name),
        optional($.type_parameters),
        repeat(choice($.native_clause, $.handle_scope_clause)),
        optional(field('body', $.class_body)),
        $._body_end,
      ),

    class_modifier: (_) => choice('abstract', 'sealed', 'typed', 'internal'),

    native_clause: ($) => seq('native:', field('module', $.identifier)),

    handle_scope_clause: ($) => seq('handleScope:', field('scope', $.symbol)),

    class_body: ($) => repeat1(choice($.data_declaration, $.method_definition, $.expect_directive, '.')),

    data_declaration: ($) =>
      seq(
        $._data_start,
        field('kind', choice('field:', 'state:', 'classState:')),
        field('name', $.identifier),
        optional($._annotation),
        optional(seq('=', field('default', $._statement_expression))),
        $._end,
      ),

    method_definition: ($) => seq($._method_start, repeat($.method_modifier), $._method),

    extension_definition: ($) =>
      seq(
        $._extension_start,
        field('target', $._class_reference),
        optional(field('class_side', 'class')),
        '>>',
        repeat($.method_modifier),
        $._method,
      ),

    _method: ($) =>
      seq($._selector, optional($.return_type), '=>', optional(field('body', $.method_body)), $._end),

    method_body: ($) => $._statements,

    _selector: ($) =>
      field('selector', choice($.unary_selector, $.binary_selector, $.keyword_selector)),

    unary_selector: ($) => $.identifier,

    binary_selector: ($) => seq(alias($._any_operator, $.operator), $.parameter),

    keyword_selector: ($) => repeat1(seq($.keyword, $.parameter)),

    parameter: ($) => seq(field('name', $.identifier), optional($._annotation)),

    // A method may be named by any operator, also by those that no expression can contain.
    _any_operator: (_) => choice(token(/[+\-*\/<>=~%&?\\]+/), '=:=', '->', '>>', ',', '='),

    // `:: ->` as one token keeps it apart from the `::` of a parameter.
    return_type: ($) => seq(choice('->', token(/::[ \t\r\n]*->/)), $._type),

    protocol_definition: ($) =>
      seq(
        $._protocol_start,
        'Protocol',
        'define:',
        field('name', $.class_name),
        optional($.type_parameters),
        optional(seq('extending:', field('extending', $.class_name))),
        optional(field('body', $.protocol_body)),
        $._body_end,
      ),

    protocol_body: ($) => repeat1(choice($.requirement, '.')),

    requirement: ($) =>
      seq($._requirement_start, optional($.method_modifier), $._selector, optional($.return_type), $._end),

    type_alias: ($) =>
      seq(
        $._alias_start,
        optional('internal'),
        'type',
        field('name', $.class_name),
        '=',
        field('definition', $._type),
        $._end,
      ),

    // Types

    _annotation: ($) => seq('::', field('type', $._type)),

    _type: ($) => choice($.union_type, $.intersection_type, $.difference_type, $._single_type),

    _single_type: ($) =>
      choice($.named_type, $.generic_type, $.class_type, $.singleton_type, $.parenthesized_type),

    named_type: ($) => choice($._class_reference, $.identifier, $.nil),

    generic_type: ($) => seq(field('name', $._class_reference), $.type_arguments),

    class_type: ($) => seq($._class_reference, 'class'),

    singleton_type: ($) => $.symbol,

    parenthesized_type: ($) => seq('(', $._type, ')'),

    union_type: ($) => prec.left(1, seq($._type, '|', $._type)),

    intersection_type: ($) => prec.left(2, seq($._type, '&', $._type)),

    difference_type: ($) => prec.left(2, seq($._type, '\\', $._type)),

    type_arguments: ($) => seq('(', optional(commaSeparated($._type)), ')'),

    type_parameters: ($) => seq('(', optional(commaSeparated($.type_parameter)), ')'),

    type_parameter: ($) =>
      seq(field('name', $.class_name), optional(seq('::', field('bound', $.class_name)))),

    // Statements

    _statements: ($) =>
      choice(
        seq(repeat1($._ended_statement), optional($._statement_expression)),
        $._statement_expression,
      ),

    _ended_statement: ($) =>
      choice(
        $.cast,
        seq($.expect_directive, optional($._newline)),
        seq($._statement_expression, choice('.', $._newline)),
      ),

    _statement_expression: ($) => choice($.return, $._expression),

    return: ($) => seq('^', $._expression),

    cast: ($) => seq(choice($.unary_message, $.binary_message, $.keyword_message), '!'),

    expect_directive: ($) =>
      prec.right(seq('@expect', field('category', $.identifier), optional(field('reason', $.string)))),

    _expression: ($) => choice($.assignment, $._cascade_level),

    assignment: ($) =>
      choice(
        seq(
          field('left', choice($.identifier, $.field_access, $.tuple_pattern, $.array, $.list, $.dictionary)),
          ':=',
          field('right', $._expression),
        ),
        seq(field('left', $.identifier), $._annotation, ':=', field('right', $._expression)),
      ),

    // Messages

    _cascade_level: ($) => choice($.cascade, $._keyword_level),

    cascade: ($) =>
      seq(
        choice($.unary_message, $.binary_message, $.keyword_message),
        repeat1(seq(';', $.cascaded_message)),
      ),

    cascaded_message: ($) =>
      choice(
        field('selector', $.identifier),
        seq(field('operator', $.operator), field('argument', $._unary_level)),
        $._keyword_arguments,
      ),

    // The operators of expressions, for a cascaded message.
    operator: (_) => choice(...OPERATORS.flat()),

    _keyword_level: ($) => choice($.keyword_message, $.match_expression, $._binary_level),

    keyword_message: ($) => seq(field('receiver', $._binary_level), $._keyword_arguments),

    _keyword_arguments: ($) =>
      repeat1(seq(field('keyword', $.keyword), field('argument', $._binary_level))),

    _binary_level: ($) => choice($.binary_message, $._unary_level),

    binary_message: ($) =>
      choice(
        ...OPERATORS.map((operators, index) => {
          const associate = operators.includes('**') ? prec.right : prec.left;
          const operator = operators.length === 1 ? operators[0] : choice(...operators);
          return associate(
            index + 1,
            seq(
              field('receiver', $._binary_level),
              field('operator', alias(operator, $.operator)),
              field('argument', $._binary_level),
            ),
          );
        }),
      ),

    _unary_level: ($) => choice($.unary_message, $._primary),

    unary_message: ($) => seq(field('receiver', $._unary_level), field('selector', $.identifier)),

    match_expression: ($) =>
      seq(
        field('value', $._binary_level),
        $.match_keyword,
        '[',
        repeat(seq($.match_arm, choice(';', $._newline))),
        optional($.match_arm),
        ']',
      ),

    match_arm: ($) =>
      seq(field('pattern', $._pattern), optional($.guard), '->', field('body', $._arm_body)),

    guard: ($) => seq('when:', '[', $._statement_expression, ']'),

    _arm_body: ($) => choice(alias($._arm_return, $.return), alias($._arm_assignment, $.assignment), $._keyword_level),

    _arm_return: ($) => seq('^', $._keyword_level),

    _arm_assignment: ($) =>
      seq(field('left', choice($.identifier, $.field_access)), ':=', field('right', $._keyword_level)),

    // Operands

    _primary: ($) =>
      choice(
        $.integer,
        $.float,
        $.character,
        $.string,
        $.symbol,
        $.identifier,
        $.self,
        $.super,
        $.nil,
        $.true,
        $.false,
        $._class_reference,
        $.field_access,
        $.block,
        $.parenthesized_expression,
        $.list,
        $.array,
        $.dictionary,
        $.primitive,
      ),

    field_access: ($) =>
      seq(field('receiver', choice($.self, $.identifier)), alias($._field_dot, '.'), field('name', $.identifier)),

    parenthesized_expression: ($) => seq('(', $._statement_expression, ')'),

    block: ($) => seq('[', optional($.block_parameters), optional($._statements), ']'),

    block_parameters: ($) => seq(repeat1(seq(':', $.block_parameter)), '|'),

    block_parameter: ($) =>
      seq(field('name', $.identifier), optional(seq('::', field('type', $._single_type)))),

    list: ($) =>
      seq('#(', choice(elements($._element), seq(commaSeparated($._element), '|', field('tail', $._unary_level))), ')'),

    array: ($) => seq('#[', elements($._element), ']'),

    // Rests and tuples belong to destructuring; the compiler rejects them elsewhere.
    _element: ($) => choice($._keyword_level, $.tuple_pattern, $.rest_pattern),

    dictionary: ($) => seq('#{', elements($.pair), '}'),

    pair: ($) => seq(field('key', $._unary_level), '=>', field('value', choice($._keyword_level, $.tuple_pattern))),

    primitive: ($) =>
      prec.right(seq(choice('@primitive', '@intrinsic'), optional(field('name', choice($.string, $.identifier))))),

    string: ($) =>
      seq(
        '"',
        repeat(choice($.string_content, $.escape_sequence, $.interpolation)),
        token.immediate('"'),
      ),

    // A backslash before anything but a brace is text, and so is what it stands before.
    string_content: (_) => token.immediate(prec(1, /([^"\\{]|\\[^{}])+/)),

    escape_sequence: (_) => token.immediate(prec(1, choice('""', '\\{', '\\}'))),

    interpolation: ($) => seq(token.immediate(prec(1, '{')), $._keyword_level, '}'),

    // Patterns

    _pattern: ($) => choice($._plain_pattern, $.typed_pattern, $.constructor_pattern, $.binary_pattern),

    // What a constructor pattern can bind.
    _plain_pattern: ($) =>
      choice(
        $.identifier,
        $.wildcard,
        $.nil,
        $._literal_pattern,
        $.tuple_pattern,
        $.array_pattern,
        $.list_pattern,
        $.dictionary_pattern,
      ),

    _literal_pattern: ($) =>
      choice($.integer, $.float, $.character, $.symbol, $.string, $.negative_number),

    wildcard: (_) => '_',

    negative_number: ($) => seq('-', choice($.integer, $.float)),

    typed_pattern: ($) => seq(field('name', choice($.identifier, $.wildcard)), '::', field('type', $._class_reference)),

    tuple_pattern: ($) => seq('{', optional(commaSeparated($._pattern)), '}'),

    array_pattern: ($) => seq('#[', elements($._element_pattern), ']'),

    list_pattern: ($) => seq('#(', elements($._element_pattern), ')'),

    _element_pattern: ($) => choice($._pattern, $.rest_pattern),

    rest_pattern: ($) => seq('...', field('name', $.identifier)),

    dictionary_pattern: ($) => seq('#{', elements($.pair_pattern), '}'),

    pair_pattern: ($) =>
      seq(field('key', choice($.symbol, $.string)), '=>', field('value', $._pattern)),

    constructor_pattern: ($) =>
      seq(field('class', $._class_reference), repeat1(seq($.keyword, $._plain_pattern))),

    binary_pattern: ($) => seq('<<', optional(commaSeparated($.segment)), '>>'),

    segment: ($) =>
      seq(
        field('name', choice($.identifier, $.wildcard)),
        optional(seq(':', field('size', choice($.integer, $.identifier)))),
        optional(seq('/', $.segment_specifier, repeat(seq('-', $.segment_specifier)))),
      ),

    segment_specifier: ($) => $.identifier,

    // Tokens

    integer: (_) => token(choice(/-?[0-9]+/, /-?[0-9]+r[A-Za-z0-9]+/)),

    float: (_) => token(choice(/-?[0-9]+\.[0-9]+([eE][+-]?[0-9]+)?/, /-?[0-9]+[eE][+-]?[0-9]+/)),

    character: (_) => token(/\$([^\\]|\\(.|\n))/),

    identifier: (_) => /[a-z_][A-Za-z0-9_]*/,

    class_name: (_) => /[A-Z][A-Za-z0-9_]*/,

    _class_reference: ($) => choice($.class_name, $.qualified_name),

    qualified_name: ($) =>
      seq(field('package', $.identifier), token.immediate('@'), field('name', $.class_name)),

    self: (_) => 'self',
    super: (_) => 'super',
    nil: (_) => 'nil',
    true: (_) => 'true',
    false: (_) => 'false',
  },
});
