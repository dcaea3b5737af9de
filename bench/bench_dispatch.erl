%%% What one would write in Erlang by hand for the sends of `BenchDispatch.bt`, n of them each. The receivers are maps;
%%% `bench_kinds`, with a clause of `one/1` for each of thirty kinds, is generated: see `generate.rs` of `beamtalk_bench`.
-module(bench_dispatch).

-export([time/2, monomorphic/1, three/1, thirty/1, inherited/1, class_side/1, extension/1, super/1]).
-export([does_not_understand/1, perform/1, one_of_super/1, '$handle_undefined_function'/2]).

%% Microseconds of the fastest of five runs.
-spec time(atom(), integer()) -> integer().
time(Function, Argument) ->
    lists:min([element(1, timer:tc(?MODULE, Function, [Argument])) || _ <- lists:seq(1, 5)]).

-spec monomorphic(integer()) -> integer().
monomorphic(N) -> send(bench_kinds:new(0), N, 0).

-spec three(integer()) -> integer().
three(N) -> send_all([bench_kinds:new(Kind) || Kind <- [0, 1, 2]], N div 3, 0).

-spec thirty(integer()) -> integer().
thirty(N) -> send_all([bench_kinds:new(Kind) || Kind <- lists:seq(0, 29)], N div 30, 0).

-spec inherited(integer()) -> integer().
inherited(N) -> monomorphic(N).

-spec class_side(integer()) -> integer().
class_side(N) -> class_side(N, 0).

class_side(0, Sum) -> Sum;
class_side(N, Sum) -> class_side(N - 1, Sum + bench_kinds:one()).

-spec extension(integer()) -> integer().
extension(N) -> class_side(N, 0).

%% A function that calls another module's.
-spec super(integer()) -> integer().
super(N) -> super(bench_kinds:new(0), N, 0).

super(_, 0, Sum) -> Sum;
super(Receiver, N, Sum) -> super(Receiver, N - 1, Sum + ?MODULE:one_of_super(Receiver)).

-spec one_of_super(map()) -> integer().
one_of_super(Receiver) -> bench_kinds:one(Receiver).

-spec does_not_understand(integer()) -> integer().
does_not_understand(N) -> unknown(N, 0).

unknown(0, Sum) -> Sum;
unknown(N, Sum) -> unknown(N - 1, Sum + apply(?MODULE, nobody_knows, [])).

%% The virtual machine's error handler asks here for what the module does not export.
-spec '$handle_undefined_function'(atom(), list()) -> integer().
'$handle_undefined_function'(nobody_knows, []) -> 1.

-spec perform(integer()) -> integer().
perform(N) -> perform(bench_kinds, one, [bench_kinds:new(0)], N, 0).

perform(_, _, _, 0, Sum) -> Sum;
perform(Module, Function, Arguments, N, Sum) -> perform(Module, Function, Arguments, N - 1, Sum + apply(Module, Function, Arguments)).

send(_, 0, Sum) -> Sum;
send(Receiver, N, Sum) -> send(Receiver, N - 1, Sum + bench_kinds:one(Receiver)).

send_all(_, 0, Sum) -> Sum;
send_all(Receivers, N, Sum) ->
    send_all(Receivers, N - 1, lists:foldl(fun(Receiver, Acc) -> Acc + bench_kinds:one(Receiver) end, Sum, Receivers)).
