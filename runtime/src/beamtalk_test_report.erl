%%% Test results as text.
-module(beamtalk_test_report).

-export([of_class/1, of_method/2, summary/1, failures/1, print_string/1]).

-spec of_class({'$class', module()}) -> binary().
of_class({'$class', Module} = Class) ->
    case beamtalk_test_run:selectors(Module) of
        [] -> <<"No test methods found in ", (beamtalk_print:class_label(Class))/binary>>;
        _ -> report(beamtalk_test_run:class(Class))
    end.

%% A missing method is said so, without a report.
-spec of_method({'$class', module()}, atom()) -> binary().
of_method({'$class', Module} = Class, Selector) ->
    #{outcomes := [#{message := Message} | _]} = Result = beamtalk_test_run:method(Class, Selector),
    case lists:member(Selector, beamtalk_test_run:selectors(Module)) of
        true -> report(Result);
        false -> Message
    end.

report(Result) ->
    Failures = [["  FAIL: ", atom_to_binary(Name), "\n    ", Text] || #{name := Name, message := Text} <- failed(Result)],
    unicode:characters_to_binary([summary(Result), [["\n\n", lists:join("\n", Failures)] || Failures =/= []]]).

failed(#{outcomes := Outcomes}) ->
    [Outcome || #{status := fail} = Outcome <- Outcomes].

%% `4 tests, 2 passed, 1 skipped, 1 failed (0.0s)'
-spec summary(beamtalk_test_run:result()) -> binary().
summary(#{passed := Passed, failed := Failed, skipped := Skipped, duration := Duration}) ->
    Parts = [
        [integer_to_binary(Passed + Failed + Skipped), " tests"],
        [integer_to_binary(Passed), " passed"]
        | [[integer_to_binary(Count), Word] || {Count, Word} <- [{Skipped, " skipped"}, {Failed, " failed"}], Count > 0]
    ],
    iolist_to_binary([lists:join(", ", Parts), " (", float_to_binary(Duration, [{decimals, 1}]), "s)"]).

-spec failures(beamtalk_test_run:result()) -> [#{name | error => term()}].
failures(Result) ->
    [#{name => Name, error => Message} || #{name := Name, message := Message} <- failed(Result)].

-spec print_string(beamtalk_test_run:result()) -> binary().
print_string(Result) ->
    Lines = [
        ["  ✗ ", atom_to_binary(Class), ">>", atom_to_binary(Name), "\n    ", Message, "\n"]
     || #{class := Class, name := Name, message := Message} <- failed(Result)
    ],
    unicode:characters_to_binary([Lines, "TestResult(", summary(Result), ")"]).
