%%% Processes of the operating system, each behind a launcher: a port to `beamtalk launch', which has the process's channels
%%% and ends its group when the port closes. `docs/internals/node-protocol.md' has the packets.
%%%
%%% The process that starts a launcher owns it, and gets `{Port, {data, Packet}}'. Nothing is kept here.
-module(beamtalk_launcher).

-export([order/1, start/1, write/2, allow/3, finish/1, close/1, report/1, kill_group/1]).

-export_type([order/0, channel/0, report/0]).

%% What to start: `dir' is a folder or none, `env' is added to the environment.
-type order() :: #{
    executable := binary(), args := [binary()], env := [{binary(), binary()}], dir := binary() | nil
}.
-type channel() :: stdout | stderr.
-type report() ::
    {wrote, channel(), binary()}
    | {ended, channel()}
    | {accepted, non_neg_integer()}
    | input_closed
    | {exited, non_neg_integer()}
    | done.

-define(VERSION, 1).
%% How long a start may take, in milliseconds.
-define(START_LIMIT, 10000).

%% ---- what to start -------------------------------------------------------------------------------------------

%% Checks what a program gave. All but the command may be left out.
-spec order(map()) -> {ok, order()} | {error, beamtalk_error:kind(), Hint :: binary()}.
order(#{executable := Command} = Given) ->
    Args = texts(maps:get(args, Given, [])),
    Environment = environment(maps:get(env, Given, #{})),
    Folder = maps:get(dir, Given, nil),
    case [Hint || {false, Hint} <- [
        {is_binary(Command), <<"The command must be a String">>},
        {is_list(Args), <<"The arguments must be a List or Array of Strings">>},
        {is_list(Environment), <<"The environment must be a Dictionary of Strings">>},
        {Folder =:= nil orelse is_binary(Folder), <<"The folder must be a String">>}
    ]] of
        [Hint | _] -> {error, type_error, Hint};
        [] -> possible(#{executable => Command, args => Args, env => Environment, dir => Folder})
    end;
order(_) ->
    {error, instantiation_error, <<"It needs #executable: the command to run. 'open:args:' starts one.">>}.

texts(#{'$class' := 'bt@stdlib@Array'} = Array) -> texts(beamtalk_array:to_list(Array));
texts(List) -> is_list(List) andalso length_of(List) =/= improper andalso lists:all(fun is_binary/1, List) andalso List.

length_of(List) ->
    try length(List) catch error:badarg -> improper end.

%% A name or a value may be a Symbol, too.
environment(nil) ->
    [];
environment(Given) when is_map(Given), not is_map_key('$class', Given) ->
    Pairs = [{text(Name), text(Value)} || {Name, Value} <- maps:to_list(Given)],
    lists:all(fun({Name, Value}) -> is_binary(Name) andalso is_binary(Value) end, Pairs) andalso Pairs;
environment(_) ->
    false.

text(nil) -> none;
text(Symbol) when is_atom(Symbol), not is_boolean(Symbol) -> atom_to_binary(Symbol);
text(Other) -> Other.

%% The system's own limits on texts.
possible(#{executable := Command, args := Args, env := Environment, dir := Folder} = Order) ->
    {Names, Values} = lists:unzip(Environment),
    Texts = [Command, Folder] ++ Args ++ Names ++ Values,
    case lists:any(fun(Text) -> Text =/= nil andalso binary:match(Text, <<0>>) =/= nomatch end, Texts) of
        true ->
            {error, type_error, <<"No text that the process gets may hold a zero byte">>};
        false ->
            case lists:any(fun(Name) -> Name =:= <<>> orelse binary:match(Name, <<"=">>) =/= nomatch end, Names) of
                true -> {error, type_error, <<"A name in the environment must not be empty or hold '='">>};
                false -> {ok, Order}
            end
    end.

%% ---- starting ------------------------------------------------------------------------------------------------

-spec start(order()) -> {ok, port(), OsPid :: pos_integer()} | {error, binary()}.
start(Order) ->
    case path() of
        {ok, Path} -> start(Path, Order);
        error -> {error, <<"cannot start a process: the program `beamtalk` is not on the PATH">>}
    end.

%% The program that started this node, else one that is installed.
path() ->
    case application:get_env(beamtalk, launcher) of
        {ok, Path} ->
            {ok, Path};
        undefined ->
            case os:find_executable("beamtalk") of
                false -> error;
                Path -> {ok, Path}
            end
    end.

start(Path, Order) ->
    try open_port({spawn_executable, Path}, [{args, ["launch"]}, {packet, 4}, binary, exit_status]) of
        Port ->
            true = port_command(Port, encode(Order)),
            started(Port)
    catch
        error:Reason ->
            Text = io_lib:format("cannot start a process: ~ts: ~ts", [Path, file:format_error(Reason)]),
            {error, unicode:characters_to_binary(Text)}
    end.

encode(#{executable := Command, args := Args, env := Environment, dir := Folder}) ->
    From = case Folder of nil -> <<>>; _ -> Folder end,
    Texts = [From, Command | Args] ++ lists:append([[Name, Value] || {Name, Value} <- Environment]),
    [<<0, ?VERSION, (length(Args)):32>> | [[Text, 0] || Text <- Texts]].

started(Port) ->
    receive
        {Port, {data, <<0, OsPid:32>>}} ->
            {ok, Port, OsPid};
        {Port, {data, <<1, Text/binary>>}} ->
            close(Port),
            {error, Text};
        {Port, {exit_status, Status}} ->
            close(Port),
            {error, <<"cannot start a process: its launcher ended with status ", (integer_to_binary(Status))/binary>>}
    after ?START_LIMIT ->
        close(Port),
        {error, <<"cannot start a process: its launcher does not answer">>}
    end.

%% ---- packets -------------------------------------------------------------------------------------------------

-spec write(port(), iodata()) -> ok.
write(Port, Data) -> post(Port, [1, Data]).

-spec allow(port(), channel(), pos_integer()) -> ok.
allow(Port, stdout, Bytes) -> post(Port, <<2, 1, Bytes:32>>);
allow(Port, stderr, Bytes) -> post(Port, <<2, 2, Bytes:32>>).

%% Ends the process group. What it wrote still comes, and `done' last.
-spec finish(port()) -> ok.
finish(Port) -> post(Port, <<3>>).

%% A launcher that is gone is told of by its port.
post(Port, Packet) ->
    try port_command(Port, Packet) of
        true -> ok
    catch
        error:badarg -> ok
    end.

%% Ends the launcher, and with it what is left of the process group.
-spec close(port()) -> ok.
close(Port) ->
    _ = catch port_close(Port),
    receive
        {'EXIT', Port, _} -> ok
    after 0 -> ok
    end.

-spec report(binary()) -> report().
report(<<2, Bytes/binary>>) -> {wrote, stdout, Bytes};
report(<<3, Bytes/binary>>) -> {wrote, stderr, Bytes};
report(<<4>>) -> {ended, stdout};
report(<<5>>) -> {ended, stderr};
report(<<6, Count:32>>) -> {accepted, Count};
report(<<7>>) -> input_closed;
report(<<8, Code:32>>) -> {exited, Code};
report(<<9>>) -> done.

%% Of a launcher that was killed and could not do it.
-spec kill_group(OsPid :: pos_integer()) -> ok.
kill_group(OsPid) ->
    _ = os:cmd("kill -s KILL -- -" ++ integer_to_list(OsPid)),
    ok.
