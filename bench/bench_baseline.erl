%%% The benchmarks' programs as one would write them in Erlang by hand.
-module(bench_baseline).
-behaviour(gen_server).

-export([fib/1, loop/1, while/1, closures/1, fold/1, poly/1, maps/1, strings/1, calls/1, time/2, idle/1]).
-export([init/1, handle_call/3, handle_cast/2]).

%% Microseconds of the fastest of five runs.
-spec time(atom(), integer()) -> integer().
time(Function, Argument) ->
    lists:min([element(1, timer:tc(?MODULE, Function, [Argument])) || _ <- lists:seq(1, 5)]).

-spec fib(integer()) -> integer().
fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).

-spec loop(integer()) -> integer().
loop(N) -> loop(1, N, 0).

loop(I, N, Sum) when I =< N -> loop(I + 1, N, Sum + I);
loop(_, _, Sum) -> Sum.

-spec while(integer()) -> integer().
while(N) -> while(0, N).

while(I, N) when I < N -> while(I + 1, N);
while(I, _) -> I.

-spec closures(integer()) -> integer().
closures(N) ->
    Add = fun(K) -> fun(X) -> X + K end end,
    closures(N, Add, 0).

closures(0, _, Sum) -> Sum;
closures(N, Add, Sum) -> closures(N - 1, Add, (Add(N))(Sum)).

-spec fold(integer()) -> integer().
fold(N) ->
    lists:foldl(fun(X, Sum) -> X + Sum end, 0, lists:filter(fun(X) -> X rem 2 =:= 0 end, lists:map(fun(X) -> X * 3 end, lists:seq(1, N)))).

%% Three shapes, one message.
-spec poly(integer()) -> float() | integer().
poly(N) ->
    poly(N, [#{shape => square, side => 2}, #{shape => circle, radius => 3}, #{shape => rect, w => 2, h => 5}], 0).

poly(0, _, Sum) -> Sum;
poly(N, Shapes, Sum) -> poly(N - 1, Shapes, lists:foldl(fun(Shape, Acc) -> Acc + area(Shape) end, Sum, Shapes)).

area(#{shape := square, side := Side}) -> Side * Side;
area(#{shape := circle, radius := Radius}) -> 3 * Radius * Radius;
area(#{shape := rect, w := W, h := H}) -> W * H.

-spec maps(integer()) -> integer().
maps(N) ->
    Map = lists:foldl(fun(I, M) -> M#{I rem 1000 => I} end, #{}, lists:seq(1, N)),
    lists:foldl(fun(I, Sum) -> Sum + maps:get(I rem 1000, Map) end, 0, lists:seq(1, N)).

-spec strings(integer()) -> integer().
strings(N) ->
    lists:foldl(fun(I, Sum) -> Sum + byte_size(<<"item ", (integer_to_binary(I))/binary, " of ", (integer_to_binary(N))/binary>>) end, 0, lists:seq(1, N)).

%% Synchronous calls of a counter.
-spec calls(integer()) -> integer().
calls(N) ->
    {ok, Pid} = gen_server:start(?MODULE, 0, []),
    Answer = calls(N, Pid),
    gen_server:stop(Pid),
    Answer.

calls(0, Pid) -> gen_server:call(Pid, get);
calls(N, Pid) ->
    gen_server:call(Pid, inc),
    calls(N - 1, Pid).

%% Bytes of memory an idle server takes, over N of them.
-spec idle(integer()) -> float().
idle(N) ->
    Pids = [element(2, {ok, _} = gen_server:start(?MODULE, 0, [])) || _ <- lists:seq(1, N)],
    Bytes = lists:sum([element(2, erlang:process_info(Pid, memory)) || Pid <- Pids]),
    [exit(Pid, kill) || Pid <- Pids],
    Bytes / N.

init(State) -> {ok, State}.
handle_call(inc, _, N) -> {reply, N + 1, N + 1};
handle_call(get, _, N) -> {reply, N, N}.
handle_cast(_, N) -> {noreply, N}.
