%%% Error values: builds the exception object of a kind, and turns whatever Erlang code raised into one.
%%%
%%% Exceptions are value objects raised with `erlang:error/1', so Erlang code can catch them too. Nothing here catches.
-module(beamtalk_error).

-export([
    raise/3,
    raise/4,
    raise_message/6,
    make/4,
    make_message/6,
    message/3,
    exception_module/1,
    from_erlang/3,
    from_erlang/4,
    is_exception/1,
    bad_arithmetic/2,
    no_match/1,
    bad_destructure/1,
    bad_tuple/1,
    class_not_found/1,
    text/1
]).

-export_type([exception/0, kind/0]).

-type kind() :: atom().
-type exception() :: #{'$class' := module(), kind := kind(), message := binary(), atom() => term()}.
-type frames() :: [tuple()].

-define(ARITHMETIC_HINT, <<"Arithmetic requires numbers; check for a non-numeric operand or division by zero.">>).
%% Longest text of a foreign term in a message, in characters.
-define(TEXT_LIMIT, 10000).

%% ---- raising -------------------------------------------------------------------------------------------------

%% Raises the error of a kind with its standard hint.
-spec raise(kind(), atom(), atom()) -> no_return().
raise(Kind, ClassName, Selector) ->
    erlang:error(make(Kind, ClassName, Selector, standard_hint(Kind))).

-spec raise(kind(), atom(), atom(), binary() | nil) -> no_return().
raise(Kind, ClassName, Selector, Hint) ->
    erlang:error(make(Kind, ClassName, Selector, Hint)).

-spec raise_message(module(), kind(), binary(), atom(), atom(), binary() | nil) -> no_return().
raise_message(ExceptionModule, Kind, Message, ClassName, Selector, Hint) ->
    erlang:error(make_message(ExceptionModule, Kind, Message, ClassName, Selector, Hint)).

-spec make(kind(), atom(), atom(), binary() | nil) -> exception().
make(Kind, ClassName, Selector, Hint) ->
    make_message(exception_module(Kind), Kind, message(Kind, ClassName, Selector), ClassName, Selector, Hint).

-spec make_message(module(), kind(), binary(), atom(), atom(), binary() | nil) -> exception().
make_message(ExceptionModule, Kind, Message, ClassName, Selector, Hint) ->
    #{
        '$class' => ExceptionModule,
        kind => Kind,
        message => Message,
        selector => Selector,
        hint => Hint,
        errorClass => ClassName,
        stackTrace => []
    }.

-spec is_exception(term()) -> boolean().
is_exception(#{'$class' := _, kind := _, message := _, stackTrace := _}) -> true;
is_exception(_) -> false.

%% What the VM says of arithmetic without a result, for a message whose class and selector are known.
-spec bad_arithmetic(atom(), atom()) -> no_return().
bad_arithmetic(ClassName, Selector) ->
    erlang:error((classify(badarith, []))#{errorClass := ClassName, selector := Selector}).

%% No arm of `match:' took the value.
-spec no_match(term()) -> no_return().
no_match(Value) ->
    raise_message(
        'bt@stdlib@RuntimeError',
        internal_error,
        <<"no match: arm matched ", (beamtalk_display:short(Value))/binary, " (case_clause)">>,
        nil,
        nil,
        <<"Add an arm for this value, or `_ -> …` as the last arm."/utf8>>
    ).

%% The left side of a destructuring assignment does not fit the value.
-spec bad_destructure(term()) -> no_return().
bad_destructure(Value) ->
    raise_message(
        'bt@stdlib@RuntimeError',
        internal_error,
        <<"the pattern does not match ", (beamtalk_display:short(Value))/binary, " (badmatch)">>,
        nil,
        nil,
        <<"The value's size or one of its literals differs from the pattern on the left of `:=`.">>
    ).

%% The same for a tuple pattern, to which anything but a tuple is a wrong argument.
-spec bad_tuple(term()) -> no_return().
bad_tuple(Value) when is_tuple(Value) ->
    bad_destructure(Value);
bad_tuple(Value) ->
    raise_message(
        'bt@stdlib@RuntimeError',
        argument_error,
        <<"cannot take ", (beamtalk_display:short(Value))/binary, " apart">>,
        nil,
        nil,
        <<"The pattern `{…}` on the left of `:=` needs a Tuple on its right."/utf8>>
    ).

-spec class_not_found(binary()) -> no_return().
class_not_found(Name) ->
    erlang:error(absent_class(Name)).

%% ---- kinds and their texts -----------------------------------------------------------------------------------

-spec exception_module(kind()) -> module().
exception_module(type_error) -> 'bt@stdlib@TypeError';
exception_module(instantiation_error) -> 'bt@stdlib@InstantiationError';
exception_module(erlang_exit) -> 'bt@stdlib@ExitError';
exception_module(erlang_throw) -> 'bt@stdlib@ThrowError';
exception_module(Kind) ->
    case is_runtime_kind(Kind) of
        true -> 'bt@stdlib@RuntimeError';
        false -> 'bt@stdlib@Error'
    end.

is_runtime_kind(Kind) ->
    lists:member(Kind, [
        does_not_understand,
        arity_mismatch,
        immutable_value,
        runtime_error,
        index_out_of_bounds,
        empty_collection,
        empty_queue,
        not_found,
        class_not_found,
        no_superclass,
        class_already_exists,
        selector_not_found,
        dispatch_error,
        callback_failed,
        actor_dead,
        future_not_awaited,
        internal_error,
        key_error,
        argument_error,
        resource_error,
        process_not_found,
        timeout_error,
        block_gone,
        non_local_return,
        lost_variable
    ]).

%% The message of a kind, from the class's bare name and the selector (either may be `nil').
-spec message(kind(), atom(), atom()) -> binary().
message(Kind, nil, Selector) -> message(Kind, unknown, Selector);
message(Kind, ClassName, nil) -> bare(Kind, atom_to_binary(ClassName));
message(Kind, ClassName, Selector) -> located(Kind, atom_to_binary(ClassName), atom_to_binary(Selector)).

bare(does_not_understand, C) -> <<C/binary, " does not understand the message">>;
bare(arity_mismatch, C) -> <<"Wrong number of arguments on ", C/binary>>;
bare(immutable_value, C) -> <<"Cannot mutate ", C/binary, " (immutable value)">>;
bare(index_out_of_bounds, C) -> <<"index out of bounds for ", C/binary>>;
bare(empty_collection, C) -> <<C/binary, " is empty">>;
bare(empty_queue, C) -> <<C/binary, " is empty">>;
bare(not_found, C) -> <<"not found in ", C/binary>>;
bare(key_error, _) -> <<"key not found">>;
bare(type_error, C) -> <<"Type error in ", C/binary>>;
bare(instantiation_error, C) -> <<"Cannot instantiate ", C/binary>>;
bare(class_not_found, C) -> <<"Class '", C/binary, "' not found">>;
bare(no_superclass, C) -> <<C/binary, " has no superclass">>;
bare(selector_not_found, C) -> <<C/binary, " does not define the selector locally (or as an extension)">>;
bare(dispatch_error, C) -> <<"Dispatch error on ", C/binary>>;
bare(actor_dead, C) -> <<"Cannot send to ", C/binary, " (actor process has terminated)">>;
bare(callback_failed, C) -> <<"Callback failed for ", C/binary>>;
bare(internal_error, C) -> <<"Internal error in ", C/binary>>;
bare(file_not_found, C) -> <<C/binary, ": file not found">>;
bare(permission_denied, C) -> <<C/binary, ": permission denied">>;
bare(io_error, C) -> <<C/binary, ": I/O error">>;
bare(Kind, C) -> common(Kind, C, <<(atom_to_binary(Kind))/binary, " error on ", C/binary>>).

located(does_not_understand, C, S) -> <<C/binary, " does not understand '", S/binary, "'">>;
located(arity_mismatch, C, S) -> <<"Wrong number of arguments to '", S/binary, "' on ", C/binary>>;
located(immutable_value, C, S) -> <<"Cannot call '", S/binary, "' on ", C/binary, " (immutable value)">>;
located(index_out_of_bounds, C, S) -> <<"'", S/binary, "': index out of bounds for ", C/binary>>;
located(empty_collection, C, S) -> <<"'", S/binary, "': ", C/binary, " is empty">>;
located(empty_queue, C, S) -> <<"'", S/binary, "': ", C/binary, " is empty">>;
located(not_found, C, S) -> <<"'", S/binary, "': not found in ", C/binary>>;
located(key_error, _, S) -> <<"key not found: ", S/binary>>;
located(type_error, C, S) -> <<"Type error in '", S/binary, "' on ", C/binary>>;
located(instantiation_error, C, S) -> <<"Cannot call '", S/binary, "' on ", C/binary>>;
located(class_not_found, C, S) -> <<"Class '", C/binary, "' not found (while resolving '", S/binary, "')">>;
located(no_superclass, C, S) -> <<C/binary, " has no superclass (cannot resolve '", S/binary, "' via super)">>;
located(selector_not_found, C, S) -> <<C/binary, " does not define #", S/binary, " locally (or as an extension)">>;
located(dispatch_error, C, S) -> <<"Dispatch error for '", S/binary, "' on ", C/binary>>;
located(actor_dead, C, S) -> <<"Cannot send '", S/binary, "' to ", C/binary, " (actor process has terminated)">>;
located(callback_failed, C, S) -> <<"Callback '", S/binary, "' failed for ", C/binary>>;
located(internal_error, C, S) -> <<"Internal error in '", S/binary, "' on ", C/binary>>;
located(file_not_found, C, S) -> <<C/binary, " '", S/binary, "': file not found">>;
located(permission_denied, C, S) -> <<C/binary, " '", S/binary, "': permission denied">>;
located(io_error, C, S) -> <<C/binary, " '", S/binary, "': I/O error">>;
located(Kind, C, S) ->
    common(Kind, C, <<(atom_to_binary(Kind))/binary, " error in '", S/binary, "' on ", C/binary>>).

%% Kinds whose text mentions no selector, else the text for a kind without a template.
common(argument_error, _, _) -> <<"invalid argument">>;
common(class_already_exists, C, _) -> <<"Class '", C/binary, "' already exists">>;
common(stdlib_shadowing, C, _) -> <<"Cannot redefine stdlib class '", C/binary, "'">>;
common(uninitialized_state_error, C, _) -> <<"UninitializedStateError in ", C/binary>>;
common(timeout_error, _, _) -> <<"the operation timed out">>;
common(process_not_found, _, _) -> <<"the target process no longer exists">>;
common(resource_error, _, _) -> <<"a system limit was reached">>;
common(_, _, Text) -> Text.

-spec standard_hint(kind()) -> binary() | nil.
standard_hint(does_not_understand) ->
    <<"Check spelling or use 'respondsTo:' to verify method exists">>;
standard_hint(key_error) ->
    <<"Use 'includesKey:' to test first, or 'at:ifAbsent:' to supply a default.">>;
standard_hint(argument_error) ->
    <<"Check the argument types and values for this message.">>;
standard_hint(actor_dead) ->
    <<"Use 'isAlive' to check, or use monitors for lifecycle events">>;
standard_hint(arity_mismatch) ->
    <<"Check that the number of arguments fits the selector.">>;
standard_hint(selector_not_found) ->
    <<"Use includesSelector: or whichClassIncludesSelector: to check first, "
      "or removeSelector:ifAbsent: to supply a fallback.">>;
standard_hint(_) ->
    nil.

%% ---- what Erlang raised --------------------------------------------------------------------------------------

%% The exception for anything caught, with its stack trace filled in. An exception keeps its own data.
-spec from_erlang(error | exit | throw, term(), frames()) -> exception().
from_erlang(error, #{'$class' := _, kind := _, message := _, stackTrace := []} = Exception, Stack) ->
    Exception#{stackTrace := frames(Stack)};
from_erlang(error, #{'$class' := _, kind := _, message := _, stackTrace := _} = Exception, _) ->
    Exception;
from_erlang(error, Reason, Stack) ->
    located_in_library((classify(Reason, Stack))#{stackTrace := frames(Stack)}, Stack);
from_erlang(exit, Reason, Stack) ->
    (make_message('bt@stdlib@ExitError', erlang_exit, text(Reason), nil, nil, nil))#{stackTrace := frames(Stack)};
from_erlang(throw, Reason, Stack) ->
    (make_message('bt@stdlib@ThrowError', erlang_throw, text(Reason), nil, nil, nil))#{stackTrace := frames(Stack)}.

%% The same for a send whose class and selector are known: raw errors get the `Class>>selector: ' prefix.
-spec from_erlang(error | exit | throw, term(), frames(), {atom(), atom()}) -> exception().
from_erlang(Class, Reason, Stack, {ClassName, Selector}) ->
    Exception = #{message := Message} = from_erlang(Class, Reason, Stack),
    case Class =:= error andalso not is_exception(Reason) andalso keeps_prefix(Exception) of
        true ->
            Prefix = <<(atom_to_binary(ClassName))/binary, ">>", (atom_to_binary(Selector))/binary, ": ">>,
            Exception#{
                message := <<Prefix/binary, Message/binary>>,
                errorClass := ClassName,
                selector := Selector
            };
        false ->
            Exception
    end.

%% Errors that already name their class would only be blurred by a prefix.
keeps_prefix(#{kind := does_not_understand}) -> false;
keeps_prefix(#{kind := class_not_found}) -> false;
keeps_prefix(_) -> true.

-spec classify(term(), frames()) -> exception().
classify(badarith, _) ->
    raw(type_error, <<"bad arithmetic operation">>, ?ARITHMETIC_HINT);
classify({badkey, Key}, _) ->
    raw(key_error, <<"key not found: ", (text(Key))/binary>>, standard_hint(key_error));
classify({badmap, _}, _) ->
    raw(type_error, <<"expected a Dictionary but got a non-map value">>, nil);
classify(badarg, _) ->
    raw(argument_error, <<"invalid argument">>, standard_hint(argument_error));
classify({badarity, {Fun, Args}}, _) when is_function(Fun), is_list(Args) ->
    {arity, Arity} = erlang:fun_info(Fun, arity),
    wrong_block_arity(Arity, length(Args));
classify({badfun, Fun}, _) when is_function(Fun) ->
    block_gone();
classify({badfun, Value}, _) ->
    make(does_not_understand, beamtalk_registry:name_of(Value), value, standard_hint(does_not_understand));
classify(undef, [{Fun, _, _} | _]) when is_function(Fun) ->
    block_gone();
classify(undef, [{Module, Function, Args, _} | _]) ->
    undefined_function(Module, Function, Args);
classify(system_limit, _) ->
    raw(resource_error, <<"a system limit was reached">>, nil);
classify(noproc, _) ->
    raw(process_not_found, <<"the target process no longer exists">>, nil);
classify({noproc, _}, _) ->
    raw(process_not_found, <<"the target process no longer exists">>, nil);
classify(timeout, _) ->
    raw(timeout_error, <<"the operation timed out">>, nil);
classify({timeout, _}, _) ->
    raw(timeout_error, <<"the operation timed out">>, nil);
classify(Reason, _) ->
    case internal_tag(Reason) of
        false ->
            raw(runtime_error, text(Reason), nil);
        Tag ->
            Message = <<"internal error (", (atom_to_binary(Tag))/binary, ") - this is a bug in Beamtalk">>,
            raw(internal_error, Message, <<"Please report it with the input that led here.">>)
    end.

internal_tag(function_clause) -> function_clause;
internal_tag(if_clause) -> if_clause;
internal_tag({case_clause, _}) -> case_clause;
internal_tag({badmatch, _}) -> badmatch;
internal_tag({try_clause, _}) -> try_clause;
internal_tag(_) -> false.

raw(Kind, Message, Hint) ->
    make_message(exception_module(Kind), Kind, Message, nil, nil, Hint).

wrong_block_arity(Expected, Given) ->
    E = integer_to_binary(Expected),
    G = integer_to_binary(Given),
    make_message(
        'bt@stdlib@RuntimeError',
        arity_mismatch,
        <<"Wrong number of arguments: block expects ", E/binary, " but was called with ", G/binary>>,
        'Block',
        nil,
        <<"Check that your block has the right number of parameters (e.g., [:x | ...] for 1 argument)">>
    ).

block_gone() ->
    Hint = <<"Its class was loaded again twice since the block was made; make the block again.">>,
    raw(block_gone, <<"the code of this block is gone">>, Hint).

undefined_function(Module, Function, Args) ->
    Arity = if is_list(Args) -> length(Args); true -> Args end,
    case atom_to_binary(Module) of
        <<"bt@", _/binary>> ->
            case erlang:module_loaded(Module) of
                false -> absent_class(atom_to_binary(beamtalk_registry:class_name(Module)));
                true -> undefined_text(Module, Function, Arity)
            end;
        _ ->
            undefined_text(Module, Function, Arity)
    end.

undefined_text(Module, Function, Arity) ->
    Text = io_lib:format("Undefined function: ~ts:~ts/~b", [Module, Function, Arity]),
    raw(runtime_error, unicode:characters_to_binary(Text), nil).

absent_class(Name) ->
    make_message(
        'bt@stdlib@RuntimeError',
        class_not_found,
        <<"Class '", Name/binary, "' not found">>,
        known_symbol(Name),
        nil,
        <<"Define ", Name/binary, " with: Object subclass: ", Name/binary>>
    ).

%% A name that no code mentions as a Symbol is not worth an atom.
known_symbol(Name) ->
    try
        binary_to_existing_atom(Name)
    catch
        error:badarg -> nil
    end.

%% A raw error inside a library method, before any frame of the user's, is that method's error.
located_in_library(#{errorClass := nil} = Exception, Stack) ->
    case beamtalk_stack:innermost_method(Stack) of
        {<<"stdlib">>, ClassName, Selector} -> Exception#{errorClass := ClassName, selector := Selector};
        _ -> Exception
    end;
located_in_library(Exception, _) ->
    Exception.

%% Frames without argument values: those may be large and are nobody's business later.
frames(Stack) ->
    [{M, F, arity(A), Location} || {M, F, A, Location} <- Stack].

arity(Args) when is_list(Args) -> length(Args);
arity(Arity) -> Arity.

%% A term in Erlang syntax.
-spec text(term()) -> binary().
text(Term) ->
    unicode:characters_to_binary(io_lib:format("~0tp", [Term], [{chars_limit, ?TEXT_LIMIT}])).
