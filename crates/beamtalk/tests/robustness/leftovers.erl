%%% Counts what a program can leave behind in the node.
-module(leftovers).

-export([cells/0, locks/0, busy/0, carry_on/0]).

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

%% Kills the process that asks.
-spec carry_on() -> no_return().
carry_on() ->
    exit(self(), kill),
    timer:sleep(infinity).
