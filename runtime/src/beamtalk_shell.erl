%%% Runs a command in the operating system's shell and collects its output, with limits on time and size.
-module(beamtalk_shell).

-export([run/1, run/2]).

-define(TIMEOUT, 30000).
-define(MAX_OUTPUT, 10 * 1024 * 1024).

-spec run(term()) -> binary().
run(Command) ->
    run(Command, ?TIMEOUT, 'run:').

-spec run(term(), term()) -> binary().
run(Command, Timeout) when is_integer(Timeout), Timeout > 0 -> run(Command, Timeout, 'run:timeout:');
run(_, _) -> beamtalk_error:raise(type_error, 'OS', 'run:timeout:', <<"Timeout must be a positive Integer">>).

%% In a process of its own, so that nothing of the port is left in the caller's mailbox.
run(Command, Timeout, Selector) when is_binary(Command) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({?MODULE, collect(Command, Timeout)}) end),
    receive
        {'DOWN', Monitor, process, Pid, {?MODULE, {ok, Output}}} ->
            string:trim(Output, trailing);
        {'DOWN', Monitor, process, Pid, {?MODULE, timeout}} ->
            beamtalk_error:raise(timeout, 'OS', Selector, <<"Command exceeded time limit">>);
        {'DOWN', Monitor, process, Pid, {?MODULE, too_large}} ->
            beamtalk_error:raise(output_too_large, 'OS', Selector, <<"Command output exceeded 10 MB limit">>);
        {'DOWN', Monitor, process, Pid, Reason} ->
            beamtalk_error:raise(io_error, 'OS', Selector, beamtalk_error:text(Reason))
    end;
run(_, _, Selector) ->
    beamtalk_error:raise(type_error, 'OS', Selector, <<"Argument must be a String">>).

collect(Command, Timeout) ->
    {Shell, Args} = shell(Command),
    Port = erlang:open_port({spawn_executable, Shell}, [{args, Args}, binary, exit_status, use_stdio, hide]),
    Deadline = erlang:monotonic_time(millisecond) + Timeout,
    collect(Port, Deadline, [], 0).

shell(Command) ->
    case os:type() of
        {win32, _} -> {os:find_executable("cmd.exe"), ["/c", Command]};
        _ -> {"/bin/sh", ["-c", Command]}
    end.

collect(Port, _, _, Size) when Size > ?MAX_OUTPUT ->
    stop(Port),
    too_large;
collect(Port, Deadline, Output, Size) ->
    receive
        {Port, {data, Data}} -> collect(Port, Deadline, [Output, Data], Size + byte_size(Data));
        {Port, {exit_status, _}} -> {ok, iolist_to_binary(Output)}
    after max(0, Deadline - erlang:monotonic_time(millisecond)) ->
        stop(Port),
        timeout
    end.

%% Closing the port does not end the command.
stop(Port) ->
    OsPid = erlang:port_info(Port, os_pid),
    true = erlang:port_close(Port),
    case {OsPid, os:type()} of
        {{os_pid, Pid}, {unix, _}} ->
            _ = os:cmd("kill -9 " ++ integer_to_list(Pid)),
            ok;
        _ ->
            ok
    end.
