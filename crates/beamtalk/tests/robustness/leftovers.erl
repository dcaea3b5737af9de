%%% Counts what a program can leave behind in the node.
-module(leftovers).

-export([cells/0, locks/0, busy/0, modules/0, atoms_from/1, carry_on/0]).

%% Entries of ours in all processes' dictionaries: shared variables, activations, and class variables being written.
-spec cells() -> non_neg_integer().
cells() ->
    length([
        Key
     || Pid <- processes(),
        {dictionary, Entries} <- [process_info(Pid, dictionary)],
        {{Tag, _} = Key, _} <- Entries,
        lists:member(Tag, ['$cell', '$frame', '$kept', '$class'])
    ]).

%% Classes that somebody writes to or waits for.
-spec locks() -> non_neg_integer().
locks() ->
    map_size(sys:get_state(beamtalk_class_state)).

%% Sessions that evaluate, the asking one included.
-spec busy() -> non_neg_integer().
busy() ->
    length(ets:match(beamtalk_sessions, {'$1', '_', true, '_'})).

%% Modules that are loaded: those of inputs, and others.
-spec modules() -> [non_neg_integer()].
modules() ->
    {Inputs, Others} = lists:partition(
        fun(Module) -> lists:prefix("bt@eval@", atom_to_list(Module)) end, erlang:loaded()
    ),
    [length(Inputs), length(Others)].

%% The texts of the atoms from a number on, for a message. ATOM_INTERNAL_REF3 is an atom by its number
%% (erts/emulator/beam/external.h).
-spec atoms_from(non_neg_integer()) -> binary().
atoms_from(First) ->
    Numbers = lists:seq(First, erlang:system_info(atom_count) - 1),
    Texts = [atom_to_binary(binary_to_term(<<131, 75, Number:24>>)) || Number <- Numbers],
    iolist_to_binary(lists:join(" ", Texts)).

%% Kills the process that asks.
-spec carry_on() -> no_return().
carry_on() ->
    exit(self(), kill),
    timer:sleep(infinity).
