%%% Text for every value: `printString' for developers, `displayString' for people, and what the prompt shows.
%%%
%%% Elements of collections and fields of values are printed with their own `printString'. Only the structural form of
%%% values is limited (depth, fields, bytes); nothing here fails on any term.
-module(beamtalk_print).

-export([print_string/1, display_string/1, to_display/1, transcript_text/1, show/2, show_cr/2]).
-export([
    value/1,
    list/1,
    array/1,
    set/1,
    dictionary/1,
    tuple/1,
    binary/1,
    display_binary/1,
    symbol/1,
    exception/1,
    actor/1,
    resolved_actor/1,
    class_name/1,
    class_label/1,
    erlang_module/1,
    pid/1,
    reference/1,
    port/1
]).

-export_type([display/0]).

%% What a client shows, see docs/internals/node-protocol.md.
-type display() :: integer() | boolean() | {text, binary()} | {list, [display()]}.

-define(MAX_DEPTH, 5).
-define(MAX_FIELDS, 50).
-define(MAX_BYTES, 10000).
%% How deep the structural form is nested at the moment, in the process dictionary.
-define(DEPTH, '$beamtalk_print_depth').
%% Milliseconds that an actor gets to print itself.
-define(ACTOR_PATIENCE, 250).

%% ---- the two protocols ---------------------------------------------------------------------------------------

-spec print_string(term()) -> binary().
print_string(Block) when is_function(Block) -> <<"Block">>;
print_string(Value) -> nested(Value).

%% The same inside another value: only blocks look different there.
nested(Integer) when is_integer(Integer) -> integer_to_binary(Integer);
nested(Binary) when is_binary(Binary) -> binary(Binary);
nested(true) -> <<"true">>;
nested(false) -> <<"false">>;
nested(nil) -> <<"nil">>;
nested(Atom) when is_atom(Atom) -> symbol(Atom);
nested(List) when is_list(List) -> list(List);
nested(Float) when is_float(Float) -> beamtalk_float:to_string(Float);
nested(#{'$class' := Module} = Value) -> answered_text(Module:printString(Value));
nested(Map) when is_map(Map) -> dictionary(Map);
nested({'$actor', _, _} = Actor) -> actor_text(Actor);
nested({'$class', _} = Class) -> class_label(Class);
nested({'$metaclass', _} = Class) -> class_label(Class);
nested(Tuple) when is_tuple(Tuple) -> tuple(Tuple);
nested(Block) when is_function(Block) -> block_label(Block);
nested(Pid) when is_pid(Pid) -> pid(Pid);
nested(Reference) when is_reference(Reference) -> reference(Reference);
nested(Port) when is_port(Port) -> port(Port);
nested(Term) -> beamtalk_error:text(Term).

%% A method `printString' of a user may answer anything.
answered_text(Text) when is_binary(Text) -> Text;
answered_text(Other) -> beamtalk_error:text(Other).

-spec display_string(term()) -> binary().
display_string(Binary) when is_binary(Binary) -> display_binary(Binary);
display_string(Atom) when is_atom(Atom) -> atom_to_binary(Atom);
display_string(#{'$class' := Module} = Value) -> answered_text(Module:displayString(Value));
display_string({'$actor', Module, _} = Actor) ->
    case defines(displayString, Module) of
        true -> actor_text(Actor, displayString);
        false -> nested(Actor)
    end;
display_string(Value) -> print_string(Value).

%% What the prompt shows. Lists keep their shape, so that a client may lay them out; numbers in them stay numbers.
-spec to_display(term()) -> display().
to_display(Integer) when is_integer(Integer) -> Integer;
to_display(Boolean) when is_boolean(Boolean) -> Boolean;
to_display(Atom) when is_atom(Atom) -> {text, atom_to_binary(Atom)};
to_display(Binary) when is_binary(Binary) -> {text, display_binary(Binary)};
to_display(List) when is_list(List) -> displayed_list(List);
to_display(Pid) when is_pid(Pid) -> {text, process_label(Pid)};
to_display(Value) -> {text, nested(Value)}.

displayed_list(List) ->
    case is_proper(List) of
        true -> {list, [to_display(Element) || Element <- List]};
        false -> {text, list(List)}
    end.

%% Transcript text: the display form, also of the elements of lists and tuples.
-spec transcript_text(term()) -> binary().
transcript_text(List) when is_list(List) ->
    case is_proper(List) of
        true -> enclosed("#(", [transcript_text(Element) || Element <- List], ")");
        false -> list(List)
    end;
transcript_text({Tag, _} = Class) when Tag =:= '$class'; Tag =:= '$metaclass' -> class_label(Class);
transcript_text({'$actor', _, _} = Actor) -> display_string(Actor);
transcript_text(Tuple) when is_tuple(Tuple) ->
    enclosed("{", [transcript_text(Element) || Element <- tuple_to_list(Tuple)], "}");
transcript_text(Value) ->
    display_string(Value).

-spec show(Self, term()) -> Self.
show(Self, Value) ->
    _ = beamtalk_transcript:write(transcript_text(Value)),
    Self.

-spec show_cr(Self, term()) -> Self.
show_cr(Self, Value) ->
    _ = beamtalk_transcript:write(transcript_text(Value)),
    _ = beamtalk_transcript:write(<<"\n">>),
    Self.

%% ---- plain values --------------------------------------------------------------------------------------------

%% Text in quotes; bytes that are no UTF-8 in hexadecimal.
-spec binary(binary()) -> binary().
binary(Binary) ->
    case beamtalk_string:is_text(Binary) of
        true -> <<$", (binary:replace(Binary, <<$">>, <<$", $">>, [global]))/binary, $">>;
        false -> bytes(Binary)
    end.

-spec display_binary(binary()) -> binary().
display_binary(Binary) ->
    case beamtalk_string:is_text(Binary) of
        true -> Binary;
        false -> bytes(Binary)
    end.

bytes(Binary) ->
    enclosed("<<", [binary:encode_hex(<<Byte>>) || <<Byte>> <= Binary], " ", ">>").

-spec symbol(atom()) -> binary().
symbol(Symbol) ->
    <<"#", (atom_to_binary(Symbol))/binary>>.

block_label(Block) ->
    <<"Block/", (integer_to_binary(beamtalk_block:arity(Block)))/binary>>.

-spec pid(pid()) -> binary().
pid(Pid) ->
    <<"#Pid", (list_to_binary(pid_to_list(Pid)))/binary>>.

%% At the prompt a process that is an actor or is gone shows as such.
process_label(Pid) when node(Pid) =/= node() ->
    pid(Pid);
process_label(Pid) ->
    case {erlang:is_process_alive(Pid), beamtalk_actors:module(Pid)} of
        {false, _} -> <<"#Dead", (list_to_binary(pid_to_list(Pid)))/binary>>;
        {true, {ok, _}} -> <<"#Actor", (list_to_binary(pid_to_list(Pid)))/binary>>;
        {true, error} -> pid(Pid)
    end.

-spec reference(reference()) -> binary().
reference(Reference) ->
    list_to_binary(ref_to_list(Reference)).

-spec port(port()) -> binary().
port(Port) ->
    list_to_binary(port_to_list(Port)).

%% ---- collections ---------------------------------------------------------------------------------------------

-spec list([term()]) -> binary().
list(List) ->
    case is_proper(List) of
        true -> enclosed("#(", [nested(Element) || Element <- List], ")");
        false -> improper(List, [])
    end.

%% Erlang code may hand over a list whose tail is no list: shown as it is written, `#(1, 2 | 3)'.
improper([Element | Rest], Done) ->
    improper(Rest, [nested(Element) | Done]);
improper(Tail, Done) ->
    iolist_to_binary(["#(", lists:join(", ", lists:reverse(Done)), " | ", nested(Tail), ")"]).

is_proper(List) ->
    try length(List) of
        _ -> true
    catch
        error:badarg -> false
    end.

-spec array(beamtalk_array:array()) -> binary().
array(Array) ->
    enclosed("#[", [nested(Element) || Element <- beamtalk_array:to_list(Array)], "]").

-spec set(beamtalk_set:set()) -> binary().
set(#{elements := Elements}) ->
    enclosed("Set(", [nested(Element) || Element <- Elements], ")").

-spec tuple(tuple()) -> binary().
tuple(Tuple) ->
    enclosed("{", [nested(Element) || Element <- tuple_to_list(Tuple)], "}").

%% Pairs in the order of their text.
-spec dictionary(map()) -> binary().
dictionary(Dictionary) ->
    Pairs = [iolist_to_binary([nested(K), " => ", nested(V)]) || {K, V} <- maps:to_list(Dictionary)],
    enclosed("#{", lists:sort(Pairs), "}").

enclosed(Open, Parts, Close) ->
    enclosed(Open, Parts, ", ", Close).

enclosed(Open, Parts, Separator, Close) ->
    iolist_to_binary([Open, lists:join(Separator, Parts), Close]).

%% ---- objects -------------------------------------------------------------------------------------------------

%% `Point(x: 3, y: 4)', fields sorted by name. What `super printString' of a number or list finds prints as usual.
-spec value(term()) -> binary().
value(#{'$class' := Module} = Value) ->
    Name = atom_to_binary(beamtalk_registry:class_name(Module)),
    case get(?DEPTH) of
        ?MAX_DEPTH -> <<Name/binary, "(...)">>;
        undefined -> at_depth(1, Name, Value);
        Depth -> at_depth(Depth + 1, Name, Value)
    end;
value(Plain) ->
    print_string(Plain).

at_depth(Depth, Name, Value) ->
    Outer = put(?DEPTH, Depth),
    try
        shortened(enclosed([Name, "("], fields(Value), ")"))
    after
        restore(Outer)
    end.

restore(undefined) -> erase(?DEPTH);
restore(Depth) -> put(?DEPTH, Depth).

fields(Value) ->
    Fields = lists:sort(maps:to_list(maps:remove('$class', Value))),
    Shown = [[display_string(Name), ": ", nested(Field)] || {Name, Field} <- lists:sublist(Fields, ?MAX_FIELDS)],
    case length(Fields) > ?MAX_FIELDS of
        true -> Shown ++ ["..."];
        false -> Shown
    end.

shortened(Text) when byte_size(Text) =< ?MAX_BYTES ->
    Text;
shortened(Text) ->
    <<(whole_characters(Text, ?MAX_BYTES))/binary, "...">>.

%% The longest prefix that does not cut a character: continuation bytes start with the bits 10.
whole_characters(Text, Size) ->
    case Text of
        <<Prefix:Size/binary, 2:2, _/bitstring>> when byte_size(Prefix) > 0 -> whole_characters(Text, Size - 1);
        <<Prefix:Size/binary, _/binary>> -> Prefix
    end.

%% The message, and the hint on a line of its own.
-spec exception(map()) -> binary().
exception(#{message := Message, hint := Hint}) when is_binary(Hint) ->
    <<(display_string(Message))/binary, "\nHint: ", Hint/binary>>;
exception(#{message := Message}) ->
    display_string(Message).

-spec erlang_module(map()) -> binary().
erlang_module(#{module := Module}) ->
    <<"#ErlangModule<", (atom_to_binary(Module))/binary, ">">>.

-spec class_name(term()) -> binary().
class_name(Value) ->
    atom_to_binary(beamtalk_registry:name_of(Value)).

-spec class_label({'$class' | '$metaclass', module()}) -> binary().
class_label({'$class', Module}) -> atom_to_binary(beamtalk_registry:class_name(Module));
class_label({'$metaclass', Module}) -> <<(atom_to_binary(beamtalk_registry:class_name(Module)))/binary, " class">>.

%% ---- actors --------------------------------------------------------------------------------------------------

%% `printString' as a message: a reference by name shows the process that has the name now.
-spec resolved_actor(tuple()) -> binary().
resolved_actor({'$actor', Module, Name} = Actor) when is_atom(Name) ->
    case whereis(Name) of
        Pid when is_pid(Pid) -> actor({'$actor', Module, Pid});
        _ -> actor(Actor)
    end;
resolved_actor(Actor) ->
    actor(Actor).

%% `Actor(Counter, 0.123.0)', without asking the actor.
-spec actor(tuple()) -> binary().
actor({'$actor', Module, PidOrName}) ->
    Name = atom_to_binary(beamtalk_registry:class_name(Module)),
    iolist_to_binary(["Actor(", Name, ", ", place(PidOrName), ")"]).

place(Pid) when is_pid(Pid) -> string:trim(pid_to_list(Pid), both, "<>");
place(Name) when is_atom(Name) -> ["registered, ", atom_to_binary(Name)].

%% The actor's own `printString' if its class has one; the label when it is gone or does not answer in time.
actor_text({'$actor', Module, _} = Actor) ->
    case defines(printString, Module) of
        true -> actor_text(Actor, printString);
        false -> actor(Actor)
    end.

actor_text(Actor, Selector) ->
    try
        answered_text(beamtalk_actor:send(Actor, Selector, [], ?ACTOR_PATIENCE))
    catch
        error:_ -> actor(Actor)
    end.

%% Whether a class of actors has a text of its own.
defines(_, 'bt@stdlib@Actor') ->
    false;
defines(_, nil) ->
    false;
defines(Selector, Module) ->
    Methods = beamtalk_registry:info(Module, methods, []),
    lists:keymember(Selector, 1, Methods) orelse defines(Selector, beamtalk_registry:superclass(Module)).
