%%% How a value reaches the host: the form that a client shows, or its printed text.
%%%
%%% Printing sends messages to user code, so it may fail or hang; the caller decides in which process that happens.
-module(beamtalk_display).

-export([value/1, print/1, text/1, short/1]).

-export_type([display/0]).

-type display() :: integer() | boolean() | {text, binary()} | {list, [display()]}.

%% How long an actor may take to print itself, in milliseconds.
-define(ACTOR_WAIT, 250).
-define(SHORT, 200).

-spec value(term()) -> display().
value(Value) when is_integer(Value) -> Value;
value(Value) when is_boolean(Value) -> Value;
value(Value) when is_atom(Value) -> {text, atom_to_binary(Value)};
value(Value) when is_binary(Value) -> {text, text(Value)};
value(Value) when is_function(Value) ->
    {arity, Arity} = erlang:fun_info(Value, arity),
    {text, <<"Block/", (integer_to_binary(Arity))/binary>>};
value(Value) when is_pid(Value) -> {text, pid_text(Value)};
value([_ | _] = Value) ->
    case io_lib:printable_unicode_list(Value) of
        true -> {text, unicode:characters_to_binary(Value)};
        false when length(Value) > 0 -> {list, [value(Element) || Element <- Value]};
        false -> {text, beamtalk_error:text(Value)}
    end;
value([]) -> {list, []};
value(Value) -> {text, print(Value)}.

%% A binary as text; bytes that are no UTF-8 in hexadecimal.
-spec text(binary()) -> binary().
text(Binary) ->
    case unicode:characters_to_binary(Binary) of
        Binary -> Binary;
        _ -> print(Binary)
    end.

pid_text(Pid) when node(Pid) =/= node() ->
    tagged(<<"#Pid">>, Pid);
pid_text(Pid) ->
    case {is_process_alive(Pid), beamtalk_actors:module(Pid)} of
        {false, _} -> tagged(<<"#Dead">>, Pid);
        {true, {ok, _}} -> tagged(<<"#Actor">>, Pid);
        {true, error} -> tagged(<<"#Pid">>, Pid)
    end.

tagged(Tag, Pid) ->
    <<Tag/binary, (list_to_binary(pid_to_list(Pid)))/binary>>.

%% The value's `printString'; its Erlang text or class name when it cannot print itself.
-spec print(term()) -> binary().
print(Value) ->
    try printed(Value) of
        Text when is_binary(Text) -> Text;
        Other -> beamtalk_error:text(Other)
    catch
        throw:{'$return', _, _} = Return:Stack -> erlang:raise(throw, Return, Stack);
        _:_ -> label(Value)
    end.

printed({'$actor', _, _} = Actor) -> beamtalk_actor:send(Actor, printString, [], ?ACTOR_WAIT);
printed(Value) -> beamtalk_dispatch:send(Value, printString, []).

label({'$actor', Module, Pid}) when is_pid(Pid) ->
    Class = atom_to_binary(beamtalk_registry:class_name(Module)),
    Id = string:trim(pid_to_list(Pid), both, "<>"),
    <<"Actor(", Class/binary, ", ", (list_to_binary(Id))/binary, ")">>;
label({'$actor', Module, Name}) ->
    Class = atom_to_binary(beamtalk_registry:class_name(Module)),
    <<"Actor(", Class/binary, ", registered, ", (atom_to_binary(Name))/binary, ")">>;
label(#{'$class' := _, message := Message}) when is_binary(Message) ->
    Message;
label(#{'$class' := Module}) ->
    atom_to_binary(beamtalk_registry:class_name(Module));
label({Tag, _} = Class) when Tag =:= '$class'; Tag =:= '$metaclass' ->
    atom_to_binary(beamtalk_registry:name_of(Class));
label(Value) ->
    beamtalk_error:text(Value).

%% A few words of the printed form, for messages.
-spec short(term()) -> binary().
short(Value) ->
    Text = print(Value),
    case string:length(Text) > ?SHORT of
        true -> <<(string:slice(Text, 0, ?SHORT))/binary, "…">>;
        false -> Text
    end.
