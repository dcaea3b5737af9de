%%% Blocks on their way to a process that knows nothing of Beamtalk, like the one behind a native actor.
%%%
%%% An actor installs the copies of variables that come with a message. A foreign server only calls the fun it was given, so
%%% that fun brings them along and puts them where it runs. In the server they go when its message is handled, unless its
%%% state still reaches them through a block; in any other process they live as long as it does.
-module(beamtalk_foreign_block).

-export([copied/2]).

%% The arguments of a request to the server, their blocks with copies of the variables that they use. Looks, as
%% `beamtalk_frame:carry/1' does, one level into lists.
-spec copied([term()], pid()) -> [term()].
copied(Args, Server) ->
    [argument(Arg, Server) || Arg <- Args].

argument([_ | _] = List, Server) -> elements(List, Server);
argument(Arg, Server) -> element_of(Arg, Server).

elements([Head | Tail], Server) -> [element_of(Head, Server) | elements(Tail, Server)];
elements(Tail, _) -> Tail.

element_of(Block, Server) when is_function(Block) ->
    case beamtalk_frame:carry([Block]) of
        [] ->
            Block;
        Carried ->
            {arity, Arity} = erlang:fun_info(Block, arity),
            with_arity(Arity, Block, fun(Args) -> run(Block, Args, Carried, Server) end)
    end;
element_of(Other, _) ->
    Other.

%% A fun's arity is fixed where it is written. Rare ones are made by the interpreter of Erlang (erl_eval, stdlib), which knows
%% them up to 20; a block of still more parameters goes as it is, and says so if it misses a variable.
with_arity(0, _, Run) -> fun() -> Run([]) end;
with_arity(1, _, Run) -> fun(A) -> Run([A]) end;
with_arity(2, _, Run) -> fun(A, B) -> Run([A, B]) end;
with_arity(3, _, Run) -> fun(A, B, C) -> Run([A, B, C]) end;
with_arity(4, _, Run) -> fun(A, B, C, D) -> Run([A, B, C, D]) end;
with_arity(5, _, Run) -> fun(A, B, C, D, E) -> Run([A, B, C, D, E]) end;
with_arity(6, _, Run) -> fun(A, B, C, D, E, F) -> Run([A, B, C, D, E, F]) end;
with_arity(Arity, _, Run) when Arity =< 20 ->
    At = erl_anno:new(1),
    Parameters = [{var, At, list_to_atom([$A, $A + N])} || N <- lists:seq(1, Arity)],
    List = lists:foldr(fun(Parameter, Tail) -> {cons, At, Parameter, Tail} end, {nil, At}, Parameters),
    Clause = {clause, At, Parameters, [], [{call, At, {var, At, 'Run'}, [List]}]},
    {value, Fun, _} = erl_eval:expr({'fun', At, {clauses, [Clause]}}, [{'Run', Run}]),
    Fun;
with_arity(_, Block, _) ->
    Block.

run(Block, Args, Carried, Server) ->
    case beamtalk_frame:install(Carried) of
        none -> ok;
        Kept when Server =:= self() -> retain_after_message(Server, Kept);
        _ -> ok
    end,
    apply(Block, Args).

%% The server handles a system message (sys, stdlib) after the message that it handles now.
retain_after_message(Server, Kept) ->
    Retain = fun(State) ->
        beamtalk_frame:retain(Kept, State),
        State
    end,
    _ = spawn(fun() ->
        try
            _ = sys:replace_state(Server, Retain, infinity)
        catch
            %% It has ended, and all it had with it.
            exit:_ -> ok
        end
    end),
    ok.
