// Layout for the Beamtalk grammar.
//
// Beamtalk separates statements by line ends and ends bodies by column, so where a token belongs can
// depend on what follows it, for as long as a method head is. This scanner looks ahead over tokens of
// its own and answers tokens without width for what it finds: the end of a statement or of a body, the
// beginning of a definition, a member or a signature. It also reads keywords (`at:` but not the `x` of
// `x:=1`), symbols, the dot of `self.field`, and words that are modifiers only before a selector.
//
// The rules are those of the compiler's parser: crates/beamtalk_syntax, parser/lookahead.rs and
// parser/recovery.rs. The tests in crates/beamtalk_editors compare the two.

#include <string.h>

#include "tree_sitter/alloc.h"
#include "tree_sitter/parser.h"

enum TokenType {
  NEWLINE,
  END,
  BODY_END,
  CLASS_START,
  PROTOCOL_START,
  ALIAS_START,
  EXTENSION_START,
  METHOD_START,
  DATA_START,
  REQUIREMENT_START,
  METHOD_MODIFIER,
  KEYWORD,
  MATCH_KEYWORD,
  SYMBOL,
  FIELD_DOT,
  ERROR_SENTINEL,
};

// What the current body belongs to; decides where it ends.
enum Within { AT_FILE, IN_METHOD, IN_EXTENSION, IN_DATA, IN_PROTOCOL, IN_ALIAS };

// All there is to remember between two tokens.
typedef struct {
  uint8_t within;
  // Whether with the member that just ended the class or the protocol ends too.
  uint8_t closing;
  // Tokens without width answered in a row while the parser recovers from an error.
  uint8_t attempts;
  // Column of the first token of the member's head; a head further right is none.
  uint16_t header_column;
} Scanner;

// Lookahead

enum Kind {
  K_WORD,
  K_NAME,
  K_KEYWORD,
  K_SYMBOL,
  K_TYPE_OPERATOR,
  K_EQUALS,
  K_SELECTOR,
  K_ARROW,
  K_FAT_ARROW,
  K_RIGHT_ANGLES,
  K_LEFT_PAREN,
  K_LEFT_BRACKET,
  K_RIGHT_PAREN,
  K_COMMA,
  K_PIPE,
  K_COLON_COLON,
  K_AT,
  K_PERIOD,
  K_EXPECT,
  K_STRING,
  K_END_OF_FILE,
  K_OTHER,
};

// Words with a meaning of their own in some place.
enum Word {
  W_OTHER,
  W_ABSTRACT,
  W_SEALED,
  W_TYPED,
  W_INTERNAL,
  W_CLASS,
  W_TYPE,
  W_PROTOCOL,
  W_SUBCLASS,
  W_DEFINE,
  W_EXTENDING,
  W_FIELD,
  W_STATE,
  W_CLASS_STATE,
  W_NATIVE,
  W_HANDLE_SCOPE,
  W_MATCH,
  W_MATCH_EXHAUSTIVE,
  W_WHEN,
};

static const struct {
  const char *text;
  bool keyword;
  enum Word word;
} WORDS[] = {
    {"abstract", false, W_ABSTRACT}, {"sealed", false, W_SEALED},
    {"typed", false, W_TYPED},       {"internal", false, W_INTERNAL},
    {"class", false, W_CLASS},       {"type", false, W_TYPE},
    {"Protocol", false, W_PROTOCOL}, {"subclass", true, W_SUBCLASS},
    {"define", true, W_DEFINE},      {"extending", true, W_EXTENDING},
    {"field", true, W_FIELD},        {"state", true, W_STATE},
    {"classState", true, W_CLASS_STATE},
    {"native", true, W_NATIVE},      {"handleScope", true, W_HANDLE_SCOPE},
    {"match", true, W_MATCH},        {"matchExhaustive", true, W_MATCH_EXHAUSTIVE},
    {"when", true, W_WHEN},
};

enum { LONGEST_WORD = 16 };

// The tokens of one lookahead. A head longer than this is taken for an expression, as the compiler
// does with types of more than 256 tokens.
enum { MOST_TOKENS = 512 };

typedef struct {
  uint8_t kind;
  uint8_t word;
  bool starts_line;
  // Of a token that starts a line.
  uint16_t column;
} Token;

typedef struct {
  TSLexer *lexer;
  Token tokens[MOST_TOKENS];
  unsigned count;
  // Whether the first character of the next token, a colon, has been passed.
  bool colon;
} Lookahead;

static uint16_t clamp(uint32_t column) { return column > UINT16_MAX ? UINT16_MAX : (uint16_t)column; }

static bool is_digit(int32_t c) { return c >= '0' && c <= '9'; }

static bool is_upper(int32_t c) { return c >= 'A' && c <= 'Z'; }

static bool is_word_start(int32_t c) { return (c >= 'a' && c <= 'z') || is_upper(c) || c == '_'; }

static bool is_word_part(int32_t c) { return is_word_start(c) || is_digit(c); }

static bool is_space(int32_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0xFEFF; }

static bool is_operator(int32_t c) { return c > 0 && c < 128 && strchr("+-*/<>=~%&?\\", c) != NULL; }

static void advance(TSLexer *lexer) { lexer->advance(lexer, false); }

// Past the comment whose first slash has been passed; answers whether there is one.
static bool pass_comment(TSLexer *lexer, bool *newline) {
  if (lexer->lookahead == '/') {
    while (lexer->lookahead != '\n' && !lexer->eof(lexer)) advance(lexer);
    return true;
  }
  if (lexer->lookahead != '*') return false;
  advance(lexer);
  int32_t previous = 0;
  while (!lexer->eof(lexer)) {
    int32_t c = lexer->lookahead;
    if (c == '\n') *newline = true;
    advance(lexer);
    if (previous == '*' && c == '/') break;
    previous = c;
  }
  return true;
}

// A word and the colon that makes it a keyword. With `mark` the token ends behind what is read.
// `colon` is set when the first colon of `::` or `:=` has been passed to see that it makes none.
static Token read_word(TSLexer *lexer, bool mark, bool *colon) {
  char text[LONGEST_WORD + 1];
  unsigned length = 0;
  Token token = {is_upper(lexer->lookahead) ? K_NAME : K_WORD, W_OTHER, false, 0};
  while (is_word_part(lexer->lookahead)) {
    if (length < LONGEST_WORD) text[length] = (char)lexer->lookahead;
    length++;
    advance(lexer);
  }
  if (mark) lexer->mark_end(lexer);
  if (lexer->lookahead == ':') {
    advance(lexer);
    if (lexer->lookahead != '=' && lexer->lookahead != ':') {
      token.kind = K_KEYWORD;
      if (mark) lexer->mark_end(lexer);
    } else {
      *colon = true;
    }
  }
  if (length > LONGEST_WORD) return token;
  text[length] = '\0';
  for (unsigned i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
    if (WORDS[i].keyword == (token.kind == K_KEYWORD) && strcmp(WORDS[i].text, text) == 0) {
      token.word = WORDS[i].word;
    }
  }
  return token;
}

// Past the symbol whose `#` has been passed; answers whether there is one. In `#at:put`, `#a:=` and
// `#at:` the symbol ends behind `at:`, before the colon, and behind the colon: the end is marked there.
static bool read_symbol(TSLexer *lexer) {
  if (lexer->lookahead == '\'') {
    advance(lexer);
    while (!lexer->eof(lexer)) {
      int32_t c = lexer->lookahead;
      advance(lexer);
      if (c == '\'') {
        if (lexer->lookahead != '\'') {
          lexer->mark_end(lexer);
          return true;
        }
        advance(lexer);
      }
    }
    return false;
  }
  if (lexer->lookahead == ',') {
    advance(lexer);
    lexer->mark_end(lexer);
    return true;
  }
  if (is_operator(lexer->lookahead)) {
    while (is_operator(lexer->lookahead)) {
      bool slash = lexer->lookahead == '/';
      advance(lexer);
      if (slash && (lexer->lookahead == '/' || lexer->lookahead == '*')) return false;
      lexer->mark_end(lexer);
    }
    return true;
  }
  if (!is_word_start(lexer->lookahead)) return false;
  while (is_word_part(lexer->lookahead)) advance(lexer);
  lexer->mark_end(lexer);
  while (lexer->lookahead == ':') {
    advance(lexer);
    if (lexer->lookahead == ':' || lexer->lookahead == '=') break;
    lexer->mark_end(lexer);
    while (is_word_part(lexer->lookahead)) advance(lexer);
  }
  return true;
}

// Past the rest of what begins with `first`, which has been passed: an operator, or one other character.
static enum Kind read_operator(TSLexer *lexer, int32_t first) {
  int32_t second = lexer->lookahead;
  if (first == ',') return K_COMMA;
  if (first == '|') return K_PIPE;
  if (first == '.') return K_PERIOD;
  if (!is_operator(first)) return K_OTHER;
  if ((first == '=' || first == '-' || first == '>') && second == '>') {
    advance(lexer);
    return first == '=' ? K_FAT_ARROW : first == '-' ? K_ARROW : K_RIGHT_ANGLES;
  }
  if (first == '=' && second == ':') {
    advance(lexer);
    if (lexer->lookahead == '=') advance(lexer);
    return K_SELECTOR;
  }
  bool single = !is_operator(second);
  while (is_operator(lexer->lookahead)) advance(lexer);
  if (single && first == '=') return K_EQUALS;
  return single && (first == '&' || first == '\\') ? K_TYPE_OPERATOR : K_SELECTOR;
}

// Past one token of lookahead; layout before it has been passed.
static Token read_token(TSLexer *lexer, bool *colon) {
  Token token = {K_OTHER, W_OTHER, false, 0};
  int32_t c = lexer->lookahead;
  if (lexer->eof(lexer)) {
    token.kind = K_END_OF_FILE;
    return token;
  }
  if (is_word_start(c)) return read_word(lexer, false, colon);
  advance(lexer);
  switch (c) {
    case '(': token.kind = K_LEFT_PAREN; return token;
    case '[': token.kind = K_LEFT_BRACKET; return token;
    case ')': token.kind = K_RIGHT_PAREN; return token;
    case ':':
      if (lexer->lookahead == ':') {
        advance(lexer);
        token.kind = K_COLON_COLON;
      }
      return token;
    case '#':
      if (is_word_start(lexer->lookahead)) {
        // A keyword part too many does no harm: only types are read here.
        while (is_word_part(lexer->lookahead) || lexer->lookahead == ':') advance(lexer);
        token.kind = K_SYMBOL;
      } else if (lexer->lookahead == '\'') {
        token.kind = read_symbol(lexer) ? K_SYMBOL : K_OTHER;
      }
      return token;
    case '"':
      while (!lexer->eof(lexer) && lexer->lookahead != '"') advance(lexer);
      if (!lexer->eof(lexer)) advance(lexer);
      token.kind = K_STRING;
      return token;
    case '@':
      token.kind = K_AT;
      if (lexer->lookahead == 'e') token.kind = K_EXPECT;
      while (is_word_part(lexer->lookahead) && token.kind == K_EXPECT) advance(lexer);
      return token;
    default: break;
  }
  token.kind = read_operator(lexer, c);
  return token;
}

// Begin a lookahead with the operator whose first character, a slash, has been passed.
static void prime_slash(Lookahead *ahead) {
  ahead->tokens[ahead->count++] = (Token){read_operator(ahead->lexer, '/'), W_OTHER, true, 0};
}

// The token at `index`, read when it is first asked for.
static Token at(Lookahead *ahead, unsigned index) {
  Token end = {K_END_OF_FILE, W_OTHER, true, 0};
  if (index >= MOST_TOKENS) return end;
  while (ahead->count <= index) {
    TSLexer *lexer = ahead->lexer;
    bool newline = false;
    bool slash = false;
    if (ahead->colon) {
      ahead->colon = false;
      ahead->tokens[ahead->count++] = (Token){lexer->lookahead == ':' ? K_COLON_COLON : K_OTHER, W_OTHER, false, 0};
      advance(lexer);
      continue;
    }
    for (;;) {
      if (is_space(lexer->lookahead) && !lexer->eof(lexer)) {
        newline |= lexer->lookahead == '\n';
        advance(lexer);
      } else if (lexer->lookahead == '/') {
        advance(lexer);
        if (!pass_comment(lexer, &newline)) {
          slash = true;
          break;
        }
      } else {
        break;
      }
    }
    uint16_t column = newline ? clamp(lexer->get_column(lexer) - (slash ? 1 : 0)) : 0;
    if (slash) {
      prime_slash(ahead);
    } else {
      ahead->tokens[ahead->count++] = read_token(lexer, &ahead->colon);
    }
    ahead->tokens[ahead->count - 1].starts_line = newline;
    ahead->tokens[ahead->count - 1].column = column;
  }
  return ahead->tokens[index];
}

static enum Kind kind_at(Lookahead *ahead, unsigned index) { return (enum Kind)at(ahead, index).kind; }

static enum Word word_at(Lookahead *ahead, unsigned index) { return (enum Word)at(ahead, index).word; }

static bool is_name_kind(enum Kind kind) { return kind == K_WORD || kind == K_NAME; }

static bool is_selector_kind(enum Kind kind) {
  return kind == K_SELECTOR || kind == K_TYPE_OPERATOR || kind == K_COMMA || kind == K_EQUALS ||
         kind == K_ARROW || kind == K_RIGHT_ANGLES;
}

static bool skip_class_name(Lookahead *ahead, unsigned *index) {
  if (!is_name_kind(kind_at(ahead, *index))) return false;
  *index += 1;
  if (kind_at(ahead, *index) != K_AT) return true;
  *index += 1;
  if (is_name_kind(kind_at(ahead, *index))) *index += 1;
  return true;
}

// Past a type: names, generics, unions, `&`, `\`, parentheses, singletons, `X class`.
static bool skip_type(Lookahead *ahead, unsigned *index) {
  unsigned depth = 0;
  bool operand = true;
  while (*index < MOST_TOKENS) {
    Token token = at(ahead, *index);
    if (operand) {
      switch (token.kind) {
        case K_LEFT_PAREN: depth++; break;
        case K_RIGHT_PAREN:
          if (depth == 0) return false;
          depth--;
          operand = false;
          break;
        case K_SYMBOL: operand = false; break;
        case K_WORD:
        case K_NAME: {
          skip_class_name(ahead, index);
          Token next = at(ahead, *index);
          if (next.kind == K_LEFT_PAREN && !next.starts_line) {
            depth++;
            *index += 1;
          } else {
            if (next.word == W_CLASS && !next.starts_line) *index += 1;
            operand = false;
          }
          continue;
        }
        default: return false;
      }
    } else if (token.kind == K_RIGHT_PAREN && depth > 0) {
      depth--;
    } else if (token.kind == K_PIPE || token.kind == K_TYPE_OPERATOR || (token.kind == K_COMMA && depth > 0)) {
      operand = true;
    } else {
      return depth == 0;
    }
    *index += 1;
  }
  return false;
}

// `=>`, or a return type and `=>`.
static bool reaches_fat_arrow(Lookahead *ahead, unsigned index) {
  if (kind_at(ahead, index) == K_COLON_COLON) {
    index++;
    if (kind_at(ahead, index) != K_ARROW) return false;
  }
  if (kind_at(ahead, index) == K_FAT_ARROW) return true;
  if (kind_at(ahead, index) != K_ARROW) return false;
  index++;
  return kind_at(ahead, index) == K_FAT_ARROW || (skip_type(ahead, &index) && kind_at(ahead, index) == K_FAT_ARROW);
}

// Past `:: type` if there is one; `:: ->` is the start of a return type.
static bool skip_annotation(Lookahead *ahead, unsigned *index) {
  if (kind_at(ahead, *index) != K_COLON_COLON) return true;
  if (kind_at(ahead, *index + 1) == K_ARROW) return true;
  *index += 1;
  return kind_at(ahead, *index) == K_FAT_ARROW || skip_type(ahead, index);
}

static bool is_method_head(Lookahead *ahead, unsigned index) {
  for (unsigned modifiers = 0; modifiers < 8; modifiers++) {
    enum Word word = word_at(ahead, index);
    bool modifier = word == W_SEALED || ((word == W_CLASS || word == W_INTERNAL) && !reaches_fat_arrow(ahead, index + 1));
    if (!modifier) break;
    index++;
  }
  enum Kind kind = kind_at(ahead, index);
  if (is_name_kind(kind)) return reaches_fat_arrow(ahead, index + 1);
  if (kind == K_KEYWORD) {
    while (kind_at(ahead, index) == K_KEYWORD) {
      index++;
      if (kind_at(ahead, index) != K_WORD) return false;
      index++;
      if (!skip_annotation(ahead, &index)) return false;
    }
    return reaches_fat_arrow(ahead, index);
  }
  if (!is_selector_kind(kind) || kind_at(ahead, index + 1) != K_WORD) return false;
  index += 2;
  return skip_annotation(ahead, &index) && reaches_fat_arrow(ahead, index);
}

// `state: name` above `add: n => …`, which together look like a method `state:add:`.
static bool next_member_follows_name(Lookahead *ahead, unsigned index, uint32_t column) {
  unsigned end = index + 2;
  if (!skip_annotation(ahead, &end)) return false;
  Token follower = at(ahead, end);
  return follower.kind == K_KEYWORD && follower.starts_line && follower.column <= column;
}

// Whether a data declaration begins at `index`, in a column.
static bool is_data_declaration(Lookahead *ahead, unsigned index, uint32_t column) {
  enum Word word = word_at(ahead, index);
  if (word != W_FIELD && word != W_STATE && word != W_CLASS_STATE) return false;
  return at(ahead, index + 1).starts_line || next_member_follows_name(ahead, index, column) ||
         !is_method_head(ahead, index);
}

static bool is_class(Lookahead *ahead) {
  unsigned index = 0;
  for (unsigned modifiers = 0; modifiers < 8; modifiers++) {
    enum Word word = word_at(ahead, index);
    if (word != W_ABSTRACT && word != W_SEALED && word != W_TYPED && word != W_INTERNAL) break;
    if (kind_at(ahead, index + 1) == K_KEYWORD) break;
    index++;
  }
  if (!skip_class_name(ahead, &index)) return false;
  if (kind_at(ahead, index) == K_LEFT_PAREN && !skip_type(ahead, &index)) return false;
  return word_at(ahead, index) == W_SUBCLASS;
}

static bool is_protocol(Lookahead *ahead) {
  return word_at(ahead, 0) == W_PROTOCOL && word_at(ahead, 1) == W_DEFINE;
}

static bool is_alias(Lookahead *ahead) {
  unsigned index = word_at(ahead, 0) == W_INTERNAL ? 1 : 0;
  return word_at(ahead, index) == W_TYPE && kind_at(ahead, index + 1) == K_NAME && kind_at(ahead, index + 2) == K_EQUALS;
}

static bool is_extension(Lookahead *ahead) {
  unsigned index = 0;
  if (!skip_class_name(ahead, &index)) return false;
  if (word_at(ahead, index) == W_CLASS) index++;
  return kind_at(ahead, index) == K_RIGHT_ANGLES && is_method_head(ahead, index + 1);
}

static bool is_definition(Lookahead *ahead) {
  return is_name_kind(kind_at(ahead, 0)) && (is_class(ahead) || is_protocol(ahead) || is_extension(ahead));
}

// Whether the directives here are followed by a member.
static bool expects_member(Lookahead *ahead) {
  unsigned index = 0;
  while (kind_at(ahead, index) == K_EXPECT) {
    index++;
    while (kind_at(ahead, index) != K_END_OF_FILE && !at(ahead, index).starts_line) index++;
  }
  return is_data_declaration(ahead, index, at(ahead, index).column) || is_method_head(ahead, index);
}

// Whether a signature of a protocol begins here, at the left margin or further right.
static bool is_requirement(Lookahead *ahead, bool margin) {
  Token first = at(ahead, 0);
  bool selector = first.kind == K_WORD || first.kind == K_KEYWORD || is_selector_kind((enum Kind)first.kind);
  if (!selector || is_definition(ahead) || is_alias(ahead)) return false;
  if (first.word == W_ABSTRACT || first.word == W_SEALED || first.word == W_TYPED || first.word == W_INTERNAL) {
    return false;
  }
  // `extending: Other` belongs to the header.
  if (first.word == W_EXTENDING && kind_at(ahead, 1) == K_NAME) return false;
  if (!margin) return true;
  if (first.kind == K_WORD) return kind_at(ahead, 1) == K_ARROW;
  Token next = at(ahead, 2);
  return kind_at(ahead, 1) == K_WORD &&
         (next.starts_line || next.kind == K_END_OF_FILE || next.kind == K_COLON_COLON || next.kind == K_ARROW);
}

// Decisions

static bool answer(TSLexer *lexer, enum TokenType type) {
  lexer->result_symbol = (TSSymbol)type;
  return true;
}

// Whether a line that begins with `c`, no word and no minus, goes on with the statement above it.
static bool continues(int32_t c) { return c > 0 && c < 128 && strchr("+*/<>=~%&?\\;:,|.!)]}", c) != NULL; }

// Whether a class, whose next line begins with the tokens in `ahead`, has no more members.
static bool ends_class(Lookahead *ahead, uint32_t column) {
  if (kind_at(ahead, 0) == K_END_OF_FILE || is_definition(ahead) || is_alias(ahead)) return true;
  if (column > 0 || kind_at(ahead, 0) == K_PERIOD || is_data_declaration(ahead, 0, column) || is_method_head(ahead, 0)) return false;
  return kind_at(ahead, 0) != K_EXPECT || !expects_member(ahead);
}

// Whether a protocol, whose next line begins with the tokens in `ahead`, has no more signatures.
static bool ends_protocol(Lookahead *ahead, uint32_t column) {
  enum Kind kind = kind_at(ahead, 0);
  // Type parameters and `extending: Other` belong to the header.
  if (kind == K_PERIOD || kind == K_LEFT_PAREN || word_at(ahead, 0) == W_EXTENDING) return false;
  return !is_requirement(ahead, column == 0);
}

// The end of a member, of an extension or of an alias, before the tokens in `ahead`.
static bool answer_end(Scanner *scanner, Lookahead *ahead, uint32_t column) {
  if (scanner->within == IN_METHOD || scanner->within == IN_DATA) {
    scanner->closing = ends_class(ahead, column);
  } else if (scanner->within == IN_PROTOCOL) {
    scanner->closing = ends_protocol(ahead, column);
  } else {
    scanner->within = AT_FILE;
  }
  return answer(ahead->lexer, END);
}

// Where a member or a definition can begin: which one does, if any. `crossed` is whether a line end
// has just been passed; the next token is no comment.
static bool scan_start(Scanner *scanner, Lookahead *ahead, const bool *valid, bool crossed, uint32_t column) {
  TSLexer *lexer = ahead->lexer;
  enum Within within = AT_FILE;
  enum TokenType start = CLASS_START;
  if (valid[REQUIREMENT_START]) {
    if (is_requirement(ahead, column == 0)) return answer(lexer, REQUIREMENT_START);
    return ends_protocol(ahead, column) && answer(lexer, BODY_END);
  }
  if (valid[BODY_END]) {
    // Options of the class, behind its name.
    if (word_at(ahead, 0) == W_NATIVE && !crossed) return false;
    scanner->within = AT_FILE;
    if (ends_class(ahead, column)) return answer(lexer, BODY_END);
    if (is_data_declaration(ahead, 0, column)) {
      within = IN_DATA;
      start = DATA_START;
    } else if (is_method_head(ahead, 0)) {
      within = IN_METHOD;
      start = METHOD_START;
    }
  } else if (!is_name_kind(kind_at(ahead, 0))) {
    return false;
  } else if (is_class(ahead)) {
    within = IN_DATA;
  } else if (is_protocol(ahead)) {
    within = IN_PROTOCOL;
    start = PROTOCOL_START;
  } else if (is_extension(ahead)) {
    within = IN_EXTENSION;
    start = EXTENSION_START;
  } else if (is_alias(ahead)) {
    within = IN_ALIAS;
    start = ALIAS_START;
  }
  if (within == AT_FILE) return false;
  scanner->closing = false;
  scanner->within = within;
  scanner->header_column = clamp(column);
  return answer(lexer, start);
}

// Whether a member's body ends before the line whose first tokens are in `ahead`, as far as that
// depends on more than its first character.
static bool ends_body(const Scanner *scanner, Lookahead *ahead, uint32_t column) {
  bool member = scanner->within == IN_METHOD || scanner->within == IN_DATA;
  bool may_be_head = member && column <= scanner->header_column;
  if (is_definition(ahead) || (may_be_head && is_method_head(ahead, 0))) return true;
  return (may_be_head || scanner->within == IN_EXTENSION) && is_alias(ahead);
}

// A keyword that has been read: `match:` with its arms, or any other.
static bool answer_keyword(TSLexer *lexer, const bool *valid, Token token) {
  if (!valid[KEYWORD]) return false;
  if (valid[MATCH_KEYWORD] && (token.word == W_MATCH || token.word == W_MATCH_EXHAUSTIVE)) {
    Lookahead ahead = {.lexer = lexer, .count = 0};
    if (kind_at(&ahead, 0) == K_LEFT_BRACKET) return answer(lexer, MATCH_KEYWORD);
  }
  return answer(lexer, KEYWORD);
}

// A word before a selector: a modifier, a keyword part of the selector, or the selector itself.
static bool scan_modifier(const Scanner *scanner, TSLexer *lexer, const bool *valid) {
  Lookahead ahead = {.lexer = lexer, .count = 0};
  Token token = read_word(lexer, true, &ahead.colon);
  if (token.kind == K_KEYWORD) return answer_keyword(lexer, valid, token);
  if (token.word != W_SEALED && token.word != W_CLASS && token.word != W_INTERNAL) return false;
  Token next = at(&ahead, 0);
  if (next.starts_line && scanner->within == IN_PROTOCOL) return false;
  bool named = next.kind == K_FAT_ARROW || next.kind == K_ARROW || next.kind == K_COLON_COLON || next.kind == K_END_OF_FILE;
  return (token.word == W_SEALED || !named) && answer(lexer, METHOD_MODIFIER);
}

// Tokens that are read as a whole; none of them begins with layout.
static bool scan_token(const Scanner *scanner, TSLexer *lexer, const bool *valid) {
  int32_t c = lexer->lookahead;
  if (c == '#' && valid[SYMBOL]) {
    advance(lexer);
    return read_symbol(lexer) && answer(lexer, SYMBOL);
  }
  if (c == '.' && valid[FIELD_DOT]) {
    advance(lexer);
    lexer->mark_end(lexer);
    return is_word_start(lexer->lookahead) && answer(lexer, FIELD_DOT);
  }
  if (!is_word_start(c)) return false;
  if (valid[METHOD_MODIFIER]) return scan_modifier(scanner, lexer, valid);
  if (!valid[KEYWORD]) return false;
  bool colon = false;
  Token token = read_word(lexer, true, &colon);
  return token.kind == K_KEYWORD && answer_keyword(lexer, valid, token);
}

// At the first token of a line, behind an expression or a type or where a statement can begin. Answers
// what ends before it; if nothing does, the keyword that goes on, unless a `comment` comes first.
static bool scan_line(Scanner *scanner, TSLexer *lexer, const bool *valid, uint32_t column, bool comment) {
  int32_t c = lexer->lookahead;
  bool free = valid[END];
  Lookahead ahead = {.lexer = lexer, .count = 0};
  if (free && scanner->within == IN_PROTOCOL) return c != '|' && answer_end(scanner, &ahead, column);
  if (free && scanner->within == IN_ALIAS) {
    return c != '|' && c != '&' && c != '\\' && answer_end(scanner, &ahead, column);
  }
  // What ends a statement ends a data declaration, which is one; its type may stand anywhere.
  bool declares = free && scanner->within == IN_DATA;
  if (c == '|' || (declares && c == ':')) return false;
  if (free && column == 0) return answer_end(scanner, &ahead, column);
  bool may_be_head = free && column <= scanner->header_column;
  if (is_word_start(c)) {
    Token token = read_word(lexer, false, &ahead.colon);
    bool data = token.word == W_FIELD || token.word == W_STATE || token.word == W_CLASS_STATE;
    // Behind an expression a method's line is a keyword of its message, elsewhere a declaration.
    bool ends = may_be_head || (data && free && (scanner->within != IN_METHOD || !valid[KEYWORD]));
    if (token.kind == K_KEYWORD && !ends) {
      if (comment) return false;
      lexer->mark_end(lexer);
      return answer_keyword(lexer, valid, token);
    }
    token.starts_line = true;
    ahead.tokens[ahead.count++] = token;
    // A head inside brackets: one is not closed. The parser cannot take the end, and recovers by it.
    bool inside = !free && (!valid[NEWLINE] || scanner->within != AT_FILE);
    if (inside && column <= scanner->header_column && ends_body(scanner, &ahead, column)) {
      return answer_end(scanner, &ahead, column);
    }
    if (token.kind == K_KEYWORD || declares || (free && ends_body(scanner, &ahead, column))) {
      return answer_end(scanner, &ahead, column);
    }
    return valid[NEWLINE] && answer(lexer, NEWLINE);
  }
  if (c == '@' && may_be_head && scanner->within != IN_EXTENSION && kind_at(&ahead, 0) == K_EXPECT) {
    return answer_end(scanner, &ahead, column);
  }
  if (continues(c) || c == '-') {
    advance(lexer);
    // `-3` begins a statement, `<<` a pattern; `- 3`, `->` and `<` go on with what is above.
    if ((c == '-' && is_digit(lexer->lookahead)) || (c == '<' && lexer->lookahead == '<')) {
      return declares ? answer_end(scanner, &ahead, column) : valid[NEWLINE] && answer(lexer, NEWLINE);
    }
    ahead.tokens[ahead.count++] = (Token){read_operator(lexer, c), W_OTHER, true, 0};
    return free && ends_body(scanner, &ahead, column) && answer_end(scanner, &ahead, column);
  }
  if (declares) return answer_end(scanner, &ahead, column);
  if (valid[NEWLINE]) return answer(lexer, NEWLINE);
  return !comment && scan_token(scanner, lexer, valid);
}

// While the parser recovers every token is valid. A line at which a member or a definition begins
// ends what is broken; the parser ignores a token without width unless the scanner's state changes.
static bool recover(Scanner *scanner, TSLexer *lexer, const bool *valid, bool crossed, uint32_t column) {
  if (crossed && scanner->attempts < 2 && (column <= scanner->header_column || column == 0)) {
    Lookahead ahead = {.lexer = lexer, .count = 0};
    lexer->mark_end(lexer);
    if (is_definition(&ahead) || is_alias(&ahead) || is_method_head(&ahead, 0) || is_data_declaration(&ahead, 0, column)) {
      return answer(lexer, scanner->attempts++ == 0 ? END : BODY_END);
    }
    return false;
  }
  scanner->attempts = 0;
  bool tokens[ERROR_SENTINEL + 1] = {false};
  tokens[KEYWORD] = tokens[SYMBOL] = tokens[FIELD_DOT] = valid[KEYWORD];
  return scan_token(scanner, lexer, tokens);
}

static bool scan(Scanner *scanner, TSLexer *lexer, const bool *valid) {
  bool recovers = valid[ERROR_SENTINEL];
  bool ends = !recovers && (valid[NEWLINE] || valid[END]);
  bool starts = !recovers && !ends && (valid[BODY_END] || valid[CLASS_START]);
  bool crossed = false;
  bool comment = false;
  bool slash = false;
  uint32_t column = 0;
  // A token without width stands at the end of what it ends, before layout and comments.
  lexer->mark_end(lexer);
  if (!recovers && valid[BODY_END] && scanner->closing) {
    scanner->closing = false;
    scanner->within = AT_FILE;
    return answer(lexer, BODY_END);
  }
  for (;;) {
    while (is_space(lexer->lookahead) && !lexer->eof(lexer)) {
      crossed |= lexer->lookahead == '\n';
      lexer->advance(lexer, !comment);
    }
    if (crossed || starts || recovers) column = lexer->get_column(lexer);
    if ((!ends && !starts) || lexer->lookahead != '/') break;
    // What begins stands behind them.
    if (starts && !comment) lexer->mark_end(lexer);
    advance(lexer);
    slash = !pass_comment(lexer, &crossed);
    if (slash) break;
    comment = true;
  }
  if (recovers) return !lexer->eof(lexer) && recover(scanner, lexer, valid, crossed, column);
  scanner->attempts = 0;
  Lookahead ahead = {.lexer = lexer, .count = 0};
  if (slash) prime_slash(&ahead);
  if (starts && comment) {
    if (!valid[BODY_END]) return false;
    bool ended = valid[REQUIREMENT_START] ? ends_protocol(&ahead, column) : ends_class(&ahead, column);
    return ended && answer(lexer, BODY_END);
  }
  if (starts) {
    bool begins = slash || valid[BODY_END] || is_word_start(lexer->lookahead);
    if (!begins) return scan_token(scanner, lexer, valid);
    // No member begins with a capital letter: there only the body can end.
    bool ended = valid[BODY_END] && (is_upper(lexer->lookahead) || lexer->eof(lexer));
    if (!slash && !ended) lexer->mark_end(lexer);
    return scan_start(scanner, &ahead, valid, crossed, column);
  }
  bool goes_on = !ends && crossed && valid[KEYWORD] && !valid[METHOD_MODIFIER];
  if (goes_on) return scan_line(scanner, lexer, valid, column, false);
  if (!ends) return scan_token(scanner, lexer, valid);
  if (slash) {
    return crossed && valid[END] && ends_body(scanner, &ahead, column) && answer_end(scanner, &ahead, column);
  }
  if (lexer->eof(lexer)) return valid[END] ? answer_end(scanner, &ahead, 0) : answer(lexer, NEWLINE);
  if (crossed) return scan_line(scanner, lexer, valid, column, comment);
  if (comment) return false;
  bool declares = scanner->within == IN_DATA || scanner->within == IN_PROTOCOL;
  if (valid[END] && declares && lexer->lookahead == '.' && !valid[FIELD_DOT]) return answer(lexer, END);
  return scan_token(scanner, lexer, valid);
}

void *tree_sitter_beamtalk_external_scanner_create(void) { return ts_calloc(1, sizeof(Scanner)); }

void tree_sitter_beamtalk_external_scanner_destroy(void *payload) { ts_free(payload); }

unsigned tree_sitter_beamtalk_external_scanner_serialize(void *payload, char *buffer) {
  memcpy(buffer, payload, sizeof(Scanner));
  return sizeof(Scanner);
}

void tree_sitter_beamtalk_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
  memset(payload, 0, sizeof(Scanner));
  if (length == sizeof(Scanner)) memcpy(payload, buffer, length);
}

bool tree_sitter_beamtalk_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
  return scan(payload, lexer, valid);
}
