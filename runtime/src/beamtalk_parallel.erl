%%% Runs a block for each element of a list in processes of their own.
%%%
%%% All of a chunk run to their end; then the first failure in element order is raised again.
-module(beamtalk_parallel).

-export([collect/2, collect/3]).

-spec collect([term()], term()) -> [term()].
collect(List, Block) when is_function(Block, 1) ->
    results(outcomes(List, Block));
collect(_, _) ->
    not_a_block('parallelCollect:').

-spec collect([term()], term(), term()) -> [term()].
collect(List, Block, Limit) when is_function(Block, 1), is_integer(Limit), Limit > 0 ->
    results(in_chunks(List, Block, Limit));
collect(_, Block, Limit) when is_function(Block, 1) ->
    Text = ["maxConcurrency must be a positive Integer, got: ", beamtalk_print:print_string(Limit)],
    Message = unicode:characters_to_binary(Text),
    Selector = 'parallelCollect:maxConcurrency:',
    beamtalk_error:raise_message('bt@stdlib@TypeError', type_error, Message, 'Collection', Selector, nil);
collect(_, _, _) ->
    not_a_block('parallelCollect:maxConcurrency:').

in_chunks([], _, _) ->
    [];
in_chunks(List, Block, Limit) ->
    {Chunk, Rest} = lists:split(min(Limit, length(List)), List),
    Outcomes = outcomes(Chunk, Block),
    Outcomes ++ in_chunks(Rest, Block, Limit).

outcomes(List, Block) ->
    Carried = beamtalk_frame:carry([Block]),
    Workers = [spawn_monitor(fun() -> exit({?MODULE, outcome(Block, Element, Carried)}) end) || Element <- List],
    [await(Worker) || Worker <- Workers].

outcome(Block, Element, Carried) ->
    beamtalk_memory:limit_self(),
    _ = beamtalk_frame:install(Carried),
    try
        {ok, Block(Element)}
    catch
        Class:Reason:Stack -> {failed, beamtalk_error:from_erlang(Class, Reason, Stack)}
    end.

await({Worker, Monitor}) ->
    receive
        {'DOWN', Monitor, process, _, {?MODULE, Outcome}} -> Outcome;
        {'DOWN', Monitor, process, _, Reason} -> {failed, ended(Worker, Reason)}
    end.

ended(Worker, Reason) ->
    case Reason =:= killed andalso beamtalk_memory:ended_by_limit(Worker) of
        true ->
            Text = <<"the block ", (beamtalk_memory:text(actor_heap))/binary>>,
            beamtalk_error:make_message('bt@stdlib@RuntimeError', resource_error, Text, nil, nil, nil);
        false ->
            beamtalk_error:from_erlang(exit, Reason, [])
    end.

results(Outcomes) ->
    case lists:keyfind(failed, 1, Outcomes) of
        {failed, Exception} -> erlang:error(Exception);
        false -> [Value || {ok, Value} <- Outcomes]
    end.

-spec not_a_block(atom()) -> no_return().
not_a_block(Selector) ->
    beamtalk_error:raise(type_error, 'List', Selector, <<"A block with 1 parameter is needed.">>).
