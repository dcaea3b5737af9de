%%% Primitives of Block and Exception that raise and catch. Non-local returns are never caught here.
-module(beamtalk_exception).

-export([
    on_do/3,
    ensure/2,
    new/1,
    signal/1,
    signal/2,
    signal_kind/4,
    resignal/1,
    resignal/2,
    stack_trace/1,
    matches/2,
    call_handler/2,
    message_text/1
]).

%% `[block] on: filter do: handler': the handler runs after the block was unwound.
-spec on_do(fun(() -> Value), term(), term()) -> Value | term().
on_do(Block, Filter, Handler) ->
    try
        Block()
    catch
        throw:{'$return', _, _} = Return:Stack ->
            erlang:raise(throw, Return, Stack);
        Class:Reason:Stack ->
            Exception = beamtalk_error:from_erlang(Class, Reason, Stack),
            case matches(Exception, Filter) of
                true -> call_handler(Handler, Exception);
                false -> erlang:raise(Class, Reason, Stack)
            end
    end.

-spec ensure(fun(() -> Value), fun(() -> term())) -> Value.
ensure(Block, Cleanup) ->
    try
        Block()
    after
        Cleanup()
    end.

%% A class or a Symbol that names one matches its subclasses too; anything else matches everything.
-spec matches(beamtalk_error:exception(), term()) -> boolean().
matches(#{'$class' := Module}, {'$class', Filter}) ->
    beamtalk_registry:inherits(Module, Filter);
matches(#{'$class' := Module}, Name) when is_atom(Name), Name =/= nil ->
    lists:any(fun(Class) -> beamtalk_registry:class_name(Class) =:= Name end, beamtalk_registry:chain(Module));
matches(_, _) ->
    true.

%% Handlers take the argument or none.
-spec call_handler(term(), term()) -> term().
call_handler(Handler, _) when is_function(Handler, 0) -> Handler();
call_handler(Handler, Argument) when is_function(Handler) -> Handler(Argument);
call_handler(Handler, Argument) -> beamtalk_dispatch:send(Handler, 'value:', [Argument]).

%% ---- signalling ----------------------------------------------------------------------------------------------

%% An exception that was not signalled yet.
-spec new({'$class', module()}) -> beamtalk_error:exception().
new({'$class', Module} = Class) ->
    build(Class, atom_to_binary(beamtalk_registry:class_name(Module))).

-spec signal({'$class', module()}) -> no_return().
signal(Class) ->
    erlang:error(new(Class)).

-spec signal({'$class', module()}, term()) -> no_return().
signal(Class, Message) ->
    erlang:error(build(Class, message_text(Message))).

build({'$class', Module}, Text) ->
    Name = beamtalk_registry:class_name(Module),
    beamtalk_error:make_message(Module, signal_kind(Module), Text, Name, nil, nil).

signal_kind('bt@stdlib@TypeError') -> type_error;
signal_kind('bt@stdlib@InstantiationError') -> instantiation_error;
signal_kind(_) -> signal.

-spec signal_kind(term(), term(), term(), term()) -> no_return().
signal_kind(Kind, ClassName, Selector, Hint) when
    is_atom(Kind), Kind =/= nil, is_atom(ClassName), is_atom(Selector), (is_binary(Hint) orelse Hint =:= nil)
->
    beamtalk_error:raise(Kind, ClassName, Selector, Hint);
signal_kind(_, _, _, _) ->
    Hint = <<"Kind, class and selector are Symbols, the hint is a String; the last three may be nil.">>,
    beamtalk_error:raise(type_error, 'Exception', 'signalKind:class:selector:hint:', Hint).

%% Raises a caught exception again, as it is.
-spec resignal(beamtalk_error:exception()) -> no_return().
resignal(Exception) ->
    erlang:error(Exception).

-spec resignal(beamtalk_error:exception(), term()) -> no_return().
resignal(#{'$class' := Module}, Message) ->
    signal({'$class', Module}, Message).

%% StackFrame objects of a caught exception, innermost first.
-spec stack_trace(beamtalk_error:exception()) -> [map()].
stack_trace(#{stackTrace := Stack}) ->
    beamtalk_stack:stack_frames(Stack).

%% The text that a message argument stands for: a Symbol's name, any other value in Erlang syntax.
-spec message_text(term()) -> binary().
message_text(Text) when is_binary(Text) -> Text;
message_text(Symbol) when is_atom(Symbol) -> atom_to_binary(Symbol);
message_text(Value) -> beamtalk_error:text(Value).
