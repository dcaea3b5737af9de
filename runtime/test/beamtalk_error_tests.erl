-module(beamtalk_error_tests).
-include_lib("eunit/include/eunit.hrl").

-import(beamtalk_exception, [on_do/3, ensure/2]).

error_test_() ->
    beamtalk_fixture:with_runtime([
        {"messages of kinds", fun messages/0},
        {"classification of Erlang errors", fun classification/0},
        {"on:do: filters by class, name or everything", fun filters/0},
        {"handlers take the exception or nothing", fun handlers/0},
        {"an exception keeps its data when signalled again", fun resignal/0},
        {"ensure: runs once, on every way out", fun ensures/0},
        {"non-local returns pass handlers and run cleanups", fun returns/0},
        {"^ after its method ended raises non_local_return", fun late_return/0},
        {"a cell that is gone raises, one that holds undefined does not", fun lost_cells/0},
        {"activations leave nothing behind", fun no_leftovers/0},
        {"stack frames name class, method and line", fun stack_frames/0},
        {"match: and destructuring failures", fun no_match/0}
    ]).

messages() ->
    Cases = [
        {does_not_understand, 'C', s, 'RuntimeError', <<"C does not understand 's'">>},
        {immutable_value, 'C', nil, 'RuntimeError', <<"Cannot mutate C (immutable value)">>},
        {immutable_value, 'C', s, 'RuntimeError', <<"Cannot call 's' on C (immutable value)">>},
        {index_out_of_bounds, 'C', s, 'RuntimeError', <<"'s': index out of bounds for C">>},
        {empty_collection, 'C', s, 'RuntimeError', <<"'s': C is empty">>},
        {type_error, 'C', nil, 'TypeError', <<"Type error in C">>},
        {instantiation_error, 'C', nil, 'InstantiationError', <<"Cannot instantiate C">>},
        {class_not_found, 'C', s, 'RuntimeError', <<"Class 'C' not found (while resolving 's')">>},
        {selector_not_found, 'C', s, 'RuntimeError', <<"C does not define #s locally (or as an extension)">>},
        {stdlib_shadowing, 'C', s, 'Error', <<"Cannot redefine stdlib class 'C'">>},
        {actor_dead, 'C', s, 'RuntimeError', <<"Cannot send 's' to C (actor process has terminated)">>},
        {argument_error, 'C', s, 'RuntimeError', <<"invalid argument">>},
        {file_not_found, 'File', 'read:', 'Error', <<"File 'read:': file not found">>},
        {wrong_class, 'C', s, 'Error', <<"wrong_class error in 's' on C">>},
        {erlang_exit, 'C', s, 'ExitError', <<"erlang_exit error in 's' on C">>}
    ],
    [
        begin
            #{message := Actual, '$class' := Module} = beamtalk_error:make(Kind, Class, Selector, nil),
            ?assertEqual({Kind, Message, Exception}, {Kind, Actual, beamtalk_registry:class_name(Module)})
        end
     || {Kind, Class, Selector, Exception, Message} <- Cases
    ].

caught(Fun) ->
    on_do(Fun, nil, fun(#{'$class' := Module, kind := Kind, message := Message}) ->
        {beamtalk_registry:class_name(Module), Kind, Message}
    end).

classification() ->
    Zero = zero(),
    Two = fun(A, B) -> A + B end,
    Cases = [
        {fun() -> 1 / Zero end, 'TypeError', type_error, <<"bad arithmetic operation">>},
        {fun() -> map_get(b, maps:from_list([])) end, 'RuntimeError', key_error, <<"key not found: b">>},
        {fun() -> error({badkey, <<"b">>}) end, 'RuntimeError', key_error, <<"key not found: <<\"b\">>">>},
        {fun() -> map_get(b, Zero) end, 'TypeError', type_error, <<"expected a Dictionary but got a non-map value">>},
        {fun() -> atom_to_list(Zero) end, 'RuntimeError', argument_error, <<"invalid argument">>},
        {fun() -> error({case_clause, 1}) end, 'RuntimeError', internal_error,
            <<"internal error (case_clause) - this is a bug in Beamtalk">>},
        {fun() -> apply(lists, nothing_here, [1]) end, 'RuntimeError', runtime_error,
            <<"Undefined function: lists:nothing_here/1">>},
        {fun() -> Two(Zero) end, 'RuntimeError', arity_mismatch,
            <<"Wrong number of arguments: block expects 2 but was called with 1">>},
        {fun() -> Zero() end, 'RuntimeError', does_not_understand, <<"Integer does not understand 'value'">>},
        {fun() -> error(system_limit) end, 'RuntimeError', resource_error, <<"a system limit was reached">>},
        {fun() -> error({noproc, x}) end, 'RuntimeError', process_not_found, <<"the target process no longer exists">>},
        {fun() -> error(timeout) end, 'RuntimeError', timeout_error, <<"the operation timed out">>},
        {fun() -> error({my, 3}) end, 'RuntimeError', runtime_error, <<"{my,3}">>},
        {fun() -> exit(shutdown) end, 'ExitError', erlang_exit, <<"shutdown">>},
        {fun() -> throw("x") end, 'ThrowError', erlang_throw, <<"\"x\"">>}
    ],
    [?assertEqual({Class, Kind, Message}, caught(Fun)) || {Fun, Class, Kind, Message} <- Cases].

zero() -> list_to_integer("0").

signal(Class) -> beamtalk_exception:signal({'$class', Class}, <<"m">>).

filters() ->
    Try = fun(Filter) ->
        try on_do(fun() -> signal('bt@stdlib@TypeError') end, Filter, fun(#{kind := Kind}) -> Kind end)
        catch error:#{} -> passed
        end
    end,
    [?assertEqual({F, type_error}, {F, Try(F)}) || F <- [
        {'$class', 'bt@stdlib@TypeError'}, {'$class', 'bt@stdlib@Error'}, 'TypeError', 'Error', nil, 42
    ]],
    [?assertEqual({F, passed}, {F, Try(F)}) || F <- [{'$class', 'bt@stdlib@RuntimeError'}, 'BEAMError', type_error]],
    ?assertError(#{message := <<"m">>},
        on_do(fun() -> signal('bt@stdlib@Exception') end, {'$class', 'bt@stdlib@Error'}, fun(_) -> caught end)).

handlers() ->
    ?assertEqual(5, on_do(fun() -> 5 end, nil, fun(_) -> 6 end)),
    ?assertEqual(6, on_do(fun() -> error(x) end, nil, fun() -> 6 end)),
    ?assertError(#{message := <<"m">>}, on_do(fun() -> error(x) end, nil, fun(_) -> signal('bt@stdlib@Error') end)).

resignal() ->
    Raise = fun() -> beamtalk_error:raise(does_not_understand, 'Coin', flip) end,
    First = on_do(Raise, nil, fun(E) -> E end),
    Second = on_do(fun() -> beamtalk_exception:resignal(First) end, nil, fun(E) -> E end),
    ?assertEqual(First, Second),
    ?assertMatch(#{selector := flip, errorClass := 'Coin', hint := <<"Check spelling", _/binary>>}, First).

ensures() ->
    Count = fun() -> put(cleanups, get(cleanups) + 1) end,
    put(cleanups, 0),
    ?assertEqual(1, ensure(fun() -> 1 end, Count)),
    ?assertError(x, ensure(fun() -> error(x) end, Count)),
    ?assertThrow({'$return', f, 1}, ensure(fun() -> throw({'$return', f, 1}) end, Count)),
    ?assertError(second, ensure(fun() -> error(first) end, fun() -> Count(), error(second) end)),
    ?assertEqual(4, erase(cleanups)).

returns() ->
    Method = fun() ->
        Frame = beamtalk_frame:enter(),
        try
            on_do(fun() -> ensure(fun() -> beamtalk_frame:return(Frame, 7) end, fun() -> put(cleaned, yes) end) end,
                nil, fun(_) -> caught end)
        catch
            throw:{'$return', Frame, Value} -> Value
        after
            beamtalk_frame:leave(Frame)
        end
    end,
    ?assertEqual(7, Method()),
    ?assertEqual(yes, erase(cleaned)).

late_return() ->
    Frame = beamtalk_frame:enter(),
    beamtalk_frame:leave(Frame),
    ?assertMatch({'RuntimeError', non_local_return, _}, caught(fun() -> beamtalk_frame:return(Frame, 1) end)).

lost_cells() ->
    Frame = beamtalk_frame:enter(),
    Cell = beamtalk_frame:new_cell(Frame, undefined),
    ?assertEqual(undefined, beamtalk_frame:read_lost(Cell)),
    undefined = put(Cell, 5),
    ?assertEqual(5, beamtalk_frame:write_lost(Cell, 5)),
    ?assertEqual(5, get(Cell)),
    beamtalk_frame:leave(Frame),
    ?assertMatch({'RuntimeError', lost_variable, _}, caught(fun() -> beamtalk_frame:read_lost(Cell) end)),
    put(Cell, 6),
    ?assertMatch({'RuntimeError', lost_variable, _}, caught(fun() -> beamtalk_frame:write_lost(Cell, 6) end)),
    ?assertEqual(undefined, get(Cell)).

no_leftovers() ->
    Before = length(get()),
    Frame = beamtalk_frame:enter(),
    _ = beamtalk_frame:new_cell(Frame, 1),
    _ = beamtalk_frame:new_cell(Frame, 2),
    beamtalk_frame:leave(Frame),
    ?assertEqual(Before, length(get())),
    Keeping = beamtalk_frame:enter(),
    Cell = beamtalk_frame:new_cell(Keeping, 1),
    beamtalk_frame:leave_keeping(Keeping),
    ?assertEqual(1, get(Cell)),
    put(Cell, undefined),
    undefined = put(Cell, 2),
    ?assertEqual(2, beamtalk_frame:write_lost(Cell, 2)),
    beamtalk_frame:restore(#{}),
    Empty = beamtalk_frame:enter(),
    beamtalk_frame:leave_keeping(Empty),
    ?assertEqual(Before, length(get())).

stack_frames() ->
    Class = beamtalk_fixture:class('bt@user@Coin', 'bt@stdlib@Value', value,
        "double(S) -> {ok, twice(S)}.\n\ntwice(_) -> R = lists:map(fun(X) -> 1 / X end, [0]), hd(R).\n"
        "'class of:'(_, X) -> R = atom_to_list(X), R."),
    beamtalk_fixture:load([Class]),
    Frames = on_do(fun() -> 'bt@user@Coin':double(1) end, nil, fun beamtalk_exception:stack_trace/1),
    ?assertMatch(#{receiverClass := 'Coin', method := twice, arguments := 0, line := 3}, hd(Frames)),
    ?assert(lists:any(fun(#{receiverClass := C, method := M}) -> {C, M} =:= {'Coin', double} end, Frames)),
    [_ | _] = ClassFrames = on_do(fun() -> 'bt@user@Coin':'class of:'(c, 1) end, nil, fun beamtalk_exception:stack_trace/1),
    ?assertMatch([#{method := 'of:', arguments := 1}], [F || #{receiverClass := 'Coin class'} = F <- ClassFrames]),
    %% Of a function that does not exist the VM tells the arguments.
    [Missing] = beamtalk_stack:stack_frames([{'bt@user@Coin', 'gone:', [coin, 1], []}]),
    ?assertMatch(#{receiverClass := 'Coin', method := 'gone:', arguments := 1}, Missing),
    ?assertEqual([], [F || #{moduleName := <<"beamtalk_", _/binary>>} = F <- Frames, maps:get(moduleName, F) =/= <<"beamtalk_error_tests">>]).

no_match() ->
    ?assertMatch({'RuntimeError', internal_error, <<"no match: arm matched 3 (case_clause)">>},
        caught(fun() -> beamtalk_error:no_match(3) end)),
    {_, internal_error, Text} = caught(fun() -> beamtalk_error:bad_destructure({1, 2}) end),
    ?assertNotEqual(nomatch, binary:match(Text, <<"badmatch">>)),
    ?assertMatch({_, argument_error, _}, caught(fun() -> beamtalk_error:bad_tuple(3) end)).
