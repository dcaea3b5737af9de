%%% Counts the living blocks of a module version, which the VM's purge does not ask about (see code:soft_purge/1).
%%%
%%% The VM counts the references to each fun entry; a fun made from the entry's external form reads the count. Funs
%%% without captured values are literals and shared uncounted, so a module that has one can never be shown to be unused.
-module(beamtalk_lambdas).

-export([table/1, measure/2, is_unused/1]).

-export_type([table/0, baseline/0]).

-type lambda() :: {Index :: non_neg_integer(), arity(), OldUniq :: non_neg_integer()}.
-type table() :: [lambda()] | uncountable.
%% What `is_unused/1' compares with: the external forms and the counts when no block existed.
-type baseline() :: none | uncountable | {[binary()], [non_neg_integer()]}.

%% The blocks of a module file. The format of `FunT' is that of beam_asm (compiler): six 32-bit words a lambda.
-spec table(binary()) -> table().
table(<<"FOR1", _:32, "BEAM", Chunks/binary>>) ->
    case lambda_chunk(Chunks) of
        <<Count:32, Lambdas/binary>> when Count > 0 ->
            Table = [
                {Index, Arity, OldUniq, Free}
             || <<_:32, Arity:32, _:32, Index:32, Free:32, OldUniq:32>> <= Lambdas
            ],
            case lists:any(fun({_, _, _, Free}) -> Free =:= 0 end, Table) of
                true -> uncountable;
                %% The table's arity includes the captured values.
                false -> [{Index, Arity - Free, OldUniq} || {Index, Arity, OldUniq, Free} <- Table]
            end;
        _ ->
            []
    end;
table(_) ->
    uncountable.

lambda_chunk(<<"FunT", Size:32, Chunk:Size/binary, _/binary>>) ->
    Chunk;
lambda_chunk(<<_:4/binary, Size:32, Rest/binary>>) ->
    Padded = (Size + 3) band bnot 3,
    case Rest of
        <<_:Padded/binary, Next/binary>> -> lambda_chunk(Next);
        _ -> <<>>
    end;
lambda_chunk(_) ->
    <<>>.

%% Takes the baseline of a module that was loaded just now and has not run.
-spec measure(module(), table()) -> baseline().
measure(_, []) ->
    none;
measure(_, uncountable) ->
    uncountable;
measure(Module, Table) ->
    Uniq = erlang:get_module_info(Module, md5),
    Forms = [external(Module, Uniq, Lambda) || Lambda <- Table],
    {Forms, counts(Forms)}.

-spec is_unused(baseline()) -> boolean().
is_unused(none) -> true;
is_unused(uncountable) -> false;
is_unused({Forms, Counts}) -> counts(Forms) =:= Counts.

%% In a process of its own: the funs made here count until their heap is gone.
counts(Forms) ->
    {Pid, Watch} = spawn_monitor(fun() -> exit({counts, [count(Form) || Form <- Forms]}) end),
    receive
        {'DOWN', Watch, process, Pid, {counts, Counts}} -> Counts;
        {'DOWN', Watch, process, Pid, _} -> unknown
    end.

%% `refc' is an item that the documentation leaves out.
-dialyzer({nowarn_function, [count/1, counts/1]}).
count(Form) ->
    {refc, Count} = erlang:fun_info(binary_to_term(Form), refc),
    Count.

%% NEW_FUN_EXT of erl_ext_dist, without captured values.
external(Module, Uniq, {Index, Arity, OldUniq}) ->
    Body = [
        <<Arity:8, Uniq:16/binary, Index:32, 0:32>>,
        [bare(Term) || Term <- [Module, Index, OldUniq, self()]]
    ],
    iolist_to_binary([<<131, 112, (iolist_size(Body) + 4):32>>, Body]).

%% A term's external form without the version byte.
bare(Term) ->
    <<131, Form/binary>> = term_to_binary(Term),
    Form.
