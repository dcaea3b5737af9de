%%% Files, folders and handles, in a folder of each test's own.
-module(beamtalk_file_tests).

-include_lib("eunit/include/eunit.hrl").

-define(failed(Kind, Expression), ?assertMatch(#{isOk := false, errReason := #{kind := Kind}}, Expression)).
-define(ok(Value, Expression), ?assertMatch(#{isOk := true, okValue := Value}, Expression)).

in_folder(Test) ->
    {setup,
        fun() ->
            Unique = integer_to_list(erlang:unique_integer([positive])) ++ "-" ++ os:getpid(),
            Folder = filename:join(beamtalk_file:temp_directory(), "beamtalk-file-tests-" ++ Unique),
            ok = file:make_dir(Folder),
            {beamtalk_fixture:start(), unicode:characters_to_binary(Folder)}
        end,
        fun({Started, Folder}) ->
            beamtalk_fixture:stop(Started),
            ok = file:del_dir_r(Folder)
        end,
        fun({_, Folder}) -> ?_test(Test(Folder)) end}.

contents_test_() ->
    in_folder(fun(Folder) ->
        Path = <<Folder/binary, "/deep/a.txt">>,
        ?failed(file_not_found, beamtalk_file:read_all(Path)),
        ?ok(nil, beamtalk_file:write_all(Path, <<"one\r\ntwo\nthree">>)),
        ?ok(<<"one\r\ntwo\nthree">>, beamtalk_file:read_all(Path)),
        ?ok(nil, beamtalk_file:append_binary(Path, <<"!">>)),
        #{okValue := Lines} = beamtalk_file:lines(Path),
        ?assertEqual([<<"one">>, <<"two">>, <<"three!">>], beamtalk_stream:to_list(Lines)),
        ?assertEqual([<<"one">>], beamtalk_stream:take(Lines, 1)),
        ?assertEqual([], [Key || {{beamtalk_file, _} = Key, _} <- get()]),
        ?assertEqual(<<"File.lines('", Path/binary, "')">>, maps:get(description, Lines))
    end).

nested_runs_of_one_stream_do_not_meet_test_() ->
    in_folder(fun(Folder) ->
        Path = <<Folder/binary, "/a">>,
        ?ok(nil, beamtalk_file:write_all(Path, <<"1\n2\n">>)),
        #{okValue := Lines} = beamtalk_file:lines(Path),
        Pairs = beamtalk_stream:collect(Lines, fun(A) -> {A, beamtalk_stream:to_list(Lines)} end),
        ?assertEqual(
            [{<<"1">>, [<<"1">>, <<"2">>]}, {<<"2">>, [<<"1">>, <<"2">>]}],
            beamtalk_stream:to_list(Pairs)
        )
    end).

folders_test_() ->
    in_folder(fun(Folder) ->
        Sub = <<Folder/binary, "/sub">>,
        ?ok(nil, beamtalk_file:mkdir(Sub)),
        ?failed(already_exists, beamtalk_file:mkdir(Sub)),
        ?failed(directory_not_found, beamtalk_file:mkdir(<<Folder/binary, "/x/y">>)),
        ?ok(nil, beamtalk_file:mkdir_all(<<Folder/binary, "/x/y">>)),
        ?ok([<<"sub">>, <<"x">>], beamtalk_file:list_directory(Folder)),
        ?failed(not_empty, beamtalk_file:delete(<<Folder/binary, "/x">>)),
        ?ok(nil, beamtalk_file:delete(Sub)),
        ?failed(file_not_found, beamtalk_file:delete(Sub)),
        ?ok(nil, beamtalk_file:delete_all(<<Folder/binary, "/x">>)),
        ?failed(file_not_found, beamtalk_file:delete_all(<<Folder/binary, "/x">>)),
        ?failed(directory_not_found, beamtalk_file:list_directory(Sub)),
        ?failed(file_not_found, beamtalk_file:rename(Sub, <<Folder/binary, "/z">>)),
        ?assert(beamtalk_file:is_directory(Folder)),
        ?assertNot(beamtalk_file:is_file(Folder))
    end).

a_link_to_a_folder_is_deleted_as_a_link_test_() ->
    in_folder(fun(Folder) ->
        Target = <<Folder/binary, "/kept">>,
        Link = <<Folder/binary, "/link">>,
        ?ok(nil, beamtalk_file:write_all(<<Target/binary, "/a">>, <<"x">>)),
        ok = file:make_symlink(Target, Link),
        ?ok(nil, beamtalk_file:delete_all(Link)),
        ?assert(beamtalk_file:exists(<<Target/binary, "/a">>))
    end).

handles_test_() ->
    in_folder(fun(Folder) ->
        Path = <<Folder/binary, "/h">>,
        ?failed(file_not_found, beamtalk_file_handle:open(Path, read)),
        ?failed(type_error, beamtalk_file_handle:open(Path, sideways)),
        ?failed(io_error, beamtalk_file_handle:open(Folder, read)),
        Write = fun(Handle) -> beamtalk_file_handle:write_line(Handle, <<"one">>) end,
        ?ok(#{isOk := true}, beamtalk_file_handle:scoped(Path, write, Write)),
        #{okValue := Handle} = beamtalk_file_handle:open(Path, readWrite),
        ?ok(<<"on">>, beamtalk_file_handle:read(Handle, 2)),
        ?ok(2, beamtalk_file_handle:position(Handle)),
        ?ok(<<"e\n">>, beamtalk_file_handle:read_all(Handle)),
        ?ok(<<>>, beamtalk_file_handle:read(Handle, 5)),
        ?ok(nil, beamtalk_file_handle:write(Handle, <<"two\n">>)),
        ?ok(0, beamtalk_file_handle:seek(Handle, 0)),
        ?assertEqual([<<"one">>, <<"two">>], beamtalk_stream:to_list(beamtalk_file_handle:lines(Handle))),
        ?assertError(#{kind := type_error}, beamtalk_file_handle:read(Handle, -1)),
        ?assertError(#{kind := type_error}, beamtalk_file_handle:write(Handle, 5)),
        ?ok(nil, beamtalk_file_handle:close(Handle)),
        ?ok(nil, beamtalk_file_handle:close(Handle)),
        ?assertNot(beamtalk_file_handle:is_open(Handle)),
        ?failed(io_error, beamtalk_file_handle:read(Handle, 1)),
        ?assertError(#{kind := io_error, message := <<"FileHandle is closed">>}, beamtalk_file_handle:lines(Handle))
    end).

open_handles_are_listed_and_end_with_their_owner_test_() ->
    in_folder(fun(Folder) ->
        Path = <<Folder/binary, "/o">>,
        #{okValue := Mine} = beamtalk_file_handle:open(Path, write),
        Self = self(),
        {Actor, Monitor} = spawn_monitor(fun() ->
            put(self(), #{}),
            Self ! beamtalk_file_handle:open(Path, read),
            receive stop -> ok end
        end),
        #{okValue := #{device := Device}} = receive Answer -> Answer end,
        ?assertEqual([[Path, write, nil], [Path, read, Actor]], listed()),
        ?ok([], beamtalk_file_handle:scoped(Path, fun(_) -> [Row || [_, append, _] = Row <- listed()] end)),
        Closed = erlang:monitor(process, Device),
        Actor ! stop,
        receive {'DOWN', Monitor, process, _, _} -> ok end,
        receive {'DOWN', Closed, process, _, _} -> ok end,
        ?assertEqual([[Path, write, nil]], listed()),
        ?ok(nil, beamtalk_file_handle:close(Mine)),
        ?assertEqual([], listed())
    end).

listed() ->
    beamtalk_array:inject(beamtalk_open_files:list(), [], fun(Rows, #{data := Row}) ->
        Rows ++ [[Value || {_, Value} <- lists:sort(maps:to_list(Row))]]
    end).

a_scoped_handle_is_closed_however_the_block_ends_test_() ->
    in_folder(fun(Folder) ->
        Path = <<Folder/binary, "/s">>,
        ?ok(nil, beamtalk_file:write_all(Path, <<"x\n">>)),
        Self = self(),
        Failing = fun(Handle) -> Self ! {handle, Handle}, error(oops) end,
        ?assertError(oops, beamtalk_file_handle:scoped(Path, Failing)),
        receive {handle, Handle} -> ?assertNot(beamtalk_file_handle:is_open(Handle)) end,
        ?ok([<<"x">>], beamtalk_file_handle:scoped(Path, fun beamtalk_file_handle:lines/1)),
        ?assertError(#{kind := type_error}, beamtalk_file_handle:scoped(Path, fun() -> 1 end))
    end).

wrong_directions_are_failures_test_() ->
    in_folder(fun(Folder) ->
        Path = <<Folder/binary, "/d">>,
        #{okValue := Out} = beamtalk_file_handle:open(Path, append),
        ?failed(io_error, beamtalk_file_handle:read_all(Out)),
        beamtalk_file_handle:close(Out),
        #{okValue := In} = beamtalk_file_handle:open(Path, read),
        ?failed(io_error, beamtalk_file_handle:write(In, <<"x">>)),
        beamtalk_file_handle:close(In)
    end).

paths_are_strings_test() ->
    ?assertError(#{kind := type_error, hint := <<"Path must be a String">>}, beamtalk_file:read_all(5)),
    ?assertError(#{kind := type_error}, beamtalk_file:read_all(<<"a", 0, "b">>)),
    ?assertNot(beamtalk_file:exists(5)).

commands_have_limits_test_() ->
    {timeout, 20, [
        ?_assertEqual(<<"hi">>, beamtalk_shell:run(<<"echo hi">>)),
        ?_assertError(#{kind := timeout, selector := 'run:timeout:'}, beamtalk_shell:run(<<"sleep 9">>, 50)),
        ?_assertError(#{kind := output_too_large}, beamtalk_shell:run(<<"head -c 11000000 /dev/zero 2>/dev/null">>)),
        ?_assertError(#{kind := type_error}, beamtalk_shell:run(<<"true">>, 0)),
        ?_assertError(#{kind := type_error}, beamtalk_shell:run(5))
    ]}.
