%%% Display forms that cannot fail: whatever printing sends to user code, there is an answer.
%%%
%%% Printing may still hang; the caller decides in which process it happens.
-module(beamtalk_display).

-export([value/1, short/1]).

%% Longest text in a message, in characters.
-define(SHORT, 200).

%% What a client shows (docs/internals/node-protocol.md). A value whose `printString' fails is shown by its class.
-spec value(term()) -> beamtalk_print:display().
value(Value) ->
    guarded(fun() -> beamtalk_print:to_display(Value) end, fun() -> {text, label(Value)} end).

%% A few words of the printed form, for messages.
-spec short(term()) -> binary().
short(Value) ->
    Text = guarded(fun() -> beamtalk_print:print_string(Value) end, fun() -> label(Value) end),
    case string:length(Text) > ?SHORT of
        true -> <<(unicode:characters_to_binary(string:slice(Text, 0, ?SHORT)))/binary, "…"/utf8>>;
        false -> Text
    end.

guarded(Print, Otherwise) ->
    try
        Print()
    catch
        throw:{'$return', _, _} = Return:Stack -> erlang:raise(throw, Return, Stack);
        _:_ -> Otherwise()
    end.

label(Value) ->
    atom_to_binary(beamtalk_registry:name_of(Value)).
