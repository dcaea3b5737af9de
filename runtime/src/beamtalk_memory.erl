%%% The limits of memory that keep one program from taking the node along.
%%%
%%% The VM ends a process whose heap outgrows its limit. Binaries do not lie on that heap, so this server looks at those
%%% by itself, often enough that a process gets little beyond its limit. Who was ended for either is remembered for a
%%% while, so that a caller learns why the answer does not come.
-module(beamtalk_memory).
-behaviour(gen_server).

-export([create/0, start_link/0, limit_heap/0, limit_self/0, heap/1, text/1, hint/0, watch/2, forget/1]).
-export([exceeded/1, ended_by_limit/1, ended_by_limit/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-export_type([limit/0]).

%% The application's setting that says how many bytes.
-type limit() :: evaluator_heap | actor_heap.

-define(WATCHED, beamtalk_memory_watched).
-define(ENDED, beamtalk_memory_ended).
%% How often the amount of all binaries is looked at, in milliseconds. It costs microseconds, but each look wakes the VM, so
%% a node whose binaries are far from any limit sleeps for as long as they cannot get there. FASTEST is more bytes a
%% millisecond than copying makes (2.8 million measured); LOOK_SELDOM is the longest sleep.
-define(LOOK_EVERY, 20).
-define(FASTEST, 4_000_000).
-define(LOOK_SELDOM, 200).
%% How often watched processes that have ended are forgotten, in milliseconds.
-define(FORGET_EVERY, 1000).
%% Looking at each process may cost more: when all binaries have grown by this part of a limit, it may take one part in
%% `BUSY_SHARE' of the time, otherwise one in `SHARE'.
-define(GROWTH, 8).
-define(BUSY_SHARE, 3).
-define(SHARE, 20).
%% How long it is remembered who was ended, in seconds.
-define(REMEMBERED, 60).
%% How long the VM's report is waited for, and how often it is looked for meanwhile, in milliseconds.
-define(REPORT_WAIT, 200).
-define(REPORT_LOOK, 10).

%% How long a process may take to collect its garbage before it is judged, in milliseconds.
-define(COLLECTION_WAIT, 200).

%% Rows of the watched: {pid(), limit()}; of the ended: {pid(), Second :: integer()}.
-spec create() -> ok.
create() ->
    ?WATCHED = ets:new(?WATCHED, [named_table, public, set, {write_concurrency, true}]),
    ?ENDED = ets:new(?ENDED, [named_table, public, set]),
    ok.

-spec start_link() -> {ok, pid()}.
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% ---- limits --------------------------------------------------------------------------------------------------

%% Bounds the heap of the calling process, which becomes an actor: one whose recursion does not end must not take the node
%% along. Its binaries are looked at without being asked to.
-spec limit_heap() -> ok.
limit_heap() ->
    _ = process_flag(max_heap_size, heap(actor_heap)),
    ok.

%% Bounds the calling process, which runs a block on its own, like an actor.
-spec limit_self() -> ok.
limit_self() ->
    limit_heap(),
    watch(self(), actor_heap).

%% The limit as the VM wants it.
-spec heap(limit()) -> map().
heap(Limit) ->
    #{size => bytes(Limit) div erlang:system_info(wordsize), kill => true, error_logger => true}.

%% What a process needed that was ended.
-spec text(limit()) -> binary().
text(Limit) ->
    <<"needed more than its limit of ", (integer_to_binary(bytes(Limit) div (1024 * 1024)))/binary, " MiB of memory">>.

%% What is said to whoever asked for too much.
-spec hint() -> binary().
hint() ->
    <<"A recursion that does not end, or a value that is too large, are the usual causes.">>.

bytes(Limit) ->
    {ok, Bytes} = application:get_env(beamtalk, Limit),
    Bytes.

%% Looks at the process's binaries until it is forgotten or gone. Actors need no watch: they are known.
-spec watch(pid(), limit()) -> ok.
watch(Pid, Limit) ->
    true = ets:insert(?WATCHED, {Pid, Limit}),
    ok.

-spec forget(pid()) -> ok.
forget(Pid) ->
    true = ets:delete(?WATCHED, Pid),
    ok.

%% ---- processes that a limit ended ----------------------------------------------------------------------------

%% The process ends, or has ended, for its limit.
-spec exceeded(pid()) -> ok.
exceeded(Pid) ->
    Now = erlang:monotonic_time(second),
    _ = ets:select_delete(?ENDED, [{{'_', '$1'}, [{'<', '$1', Now - ?REMEMBERED}], [true]}]),
    true = ets:insert(?ENDED, {Pid, Now}),
    blame_actor(Pid).

blame_actor(Pid) ->
    case beamtalk_actors:module(Pid) of
        {ok, Module} ->
            Class = beamtalk_registry:class_name(Module),
            Line = io_lib:format("~ts ~p ended: it ~ts", [Class, Pid, text(actor_heap)]),
            beamtalk_host:event({log, error, unicode:characters_to_binary(Line), #{}});
        error ->
            ok
    end.

%% Asked about a process that was just killed. The VM's report may come a little later than its end.
-spec ended_by_limit(pid()) -> boolean().
ended_by_limit(Pid) ->
    ended_by_limit(Pid, ?REPORT_WAIT).

%% The same for one who waits so many milliseconds for the report: 0 asks what is known already.
-spec ended_by_limit(pid(), integer()) -> boolean().
ended_by_limit(Pid, Left) ->
    case ets:member(?ENDED, Pid) of
        false when Left > 0 ->
            timer:sleep(?REPORT_LOOK),
            ended_by_limit(Pid, Left - ?REPORT_LOOK);
        Known ->
            Known
    end.

%% ---- binaries ------------------------------------------------------------------------------------------------

is_over(Pid, Most) ->
    bytes_held(Pid) > Most orelse
        (bytes_counted(Pid) > Most andalso is_collected(Pid) andalso bytes_counted(Pid) > Most).

bytes_held(Pid) ->
    case process_info(Pid, binary) of
        {binary, Held} -> lists:sum([Size || {_, Size, _} <- lists:ukeysort(1, Held)]);
        undefined -> 0
    end.

%% Binaries that were appended to in place are on no list of the VM. It counts them, but also those that are garbage.
bytes_counted(Pid) ->
    case process_info(Pid, garbage_collection_info) of
        {garbage_collection_info, Info} ->
            Words = [Size || {Item, Size} <- Info, Item =:= bin_vheap_size orelse Item =:= bin_old_vheap_size],
            erlang:system_info(wordsize) * lists:sum(Words);
        undefined ->
            0
    end.

%% A process that is busy in the VM itself is asked another time.
is_collected(Pid) ->
    Request = make_ref(),
    _ = erlang:garbage_collect(Pid, [{async, Request}]),
    receive
        {garbage_collect, Request, IsDone} -> IsDone
    after ?COLLECTION_WAIT -> false
    end.

%% Amounts in bytes, times in microseconds.
-record(looks, {
    %% The least that all binaries took since each process was looked at.
    least = 0 :: non_neg_integer(),
    %% When that was, and how long it took.
    last = erlang:monotonic_time(microsecond) :: integer(),
    cost = 0 :: non_neg_integer()
}).

%% With high priority: who eats memory also keeps the schedulers busy.
-spec init([]) -> {ok, #looks{}}.
init([]) ->
    process_flag(priority, high),
    look_after(?LOOK_EVERY),
    forget_later(),
    {ok, #looks{}}.

-spec handle_call(term(), gen_server:from(), #looks{}) -> {reply, ok, #looks{}}.
handle_call(_, _, Looks) ->
    {reply, ok, Looks}.

-spec handle_cast(term(), #looks{}) -> {noreply, #looks{}}.
handle_cast(_, Looks) ->
    {noreply, Looks}.

-spec handle_info(term(), #looks{}) -> {noreply, #looks{}}.
handle_info(look, Looks) ->
    Total = erlang:memory(binary),
    After = look(Total, Looks),
    look_after(sleep(Total)),
    {noreply, After};
handle_info(forget, Looks) ->
    _ = present(),
    forget_later(),
    {noreply, Looks};
handle_info(_, Looks) ->
    {noreply, Looks}.

look_after(Milliseconds) ->
    _ = erlang:send_after(Milliseconds, self(), look),
    ok.

sleep(Total) ->
    Room = min(bytes(evaluator_heap), bytes(actor_heap)) - Total,
    max(?LOOK_EVERY, min(Room div ?FASTEST, ?LOOK_SELDOM)).

forget_later() ->
    _ = erlang:send_after(?FORGET_EVERY, self(), forget),
    ok.

look(Total, #looks{least = Least} = Looks) ->
    case [Limit || Limit <- [evaluator_heap, actor_heap], Total > bytes(Limit)] of
        [] ->
            Looks#looks{least = Total};
        Limits ->
            case is_due(Total - Least, lists:min([bytes(Limit) || Limit <- Limits]), Looks) of
                true -> look_at_all(Limits);
                false -> Looks#looks{least = min(Least, Total)}
            end
    end.

is_due(Growth, Limit, #looks{last = Last, cost = Cost}) ->
    Share = case Growth > Limit div ?GROWTH of true -> ?BUSY_SHARE; false -> ?SHARE end,
    erlang:monotonic_time(microsecond) - Last >= max(Share * Cost, 1000 * ?LOOK_EVERY * Share div ?BUSY_SHARE).

look_at_all(Limits) ->
    {Cost, ok} = timer:tc(fun() ->
        look_at([Watched || {_, Limit} = Watched <- present(), lists:member(Limit, Limits)]),
        lists:member(actor_heap, Limits) andalso
            look_at([{Pid, actor_heap} || {Pid, _, _} <- beamtalk_actors:all()]),
        ok
    end),
    #looks{least = erlang:memory(binary), cost = Cost}.

%% The watched that live.
present() ->
    {Living, Gone} = lists:partition(fun({Pid, _}) -> is_process_alive(Pid) end, ets:tab2list(?WATCHED)),
    [forget(Pid) || {Pid, _} <- Gone],
    Living.

look_at(Processes) ->
    [
        begin
            exceeded(Pid),
            exit(Pid, kill)
        end
     || {Pid, Limit} <- Processes, Pid =/= self(), is_over(Pid, bytes(Limit))
    ],
    ok.
