%%% The node's log lines as events for the host, and the VM's notice that a heap limit ended a process.
-module(beamtalk_log).

-export([watch_heaps/0, install/0, log/2, heap_filter/2]).

-define(LINE_LIMIT, 8192).

%% Log lines go to the host instead of standard output, which belongs to programs.
-spec install() -> ok.
install() ->
    _ = logger:add_handler(?MODULE, ?MODULE, #{
        level => notice,
        filters => [{progress, {fun logger_filters:progress/2, stop}}],
        formatter => {logger_formatter, #{single_line => true, template => [msg], chars_limit => ?LINE_LIMIT}}
    }),
    _ = logger:remove_handler(default),
    ok.

-spec log(logger:log_event(), logger:handler_config()) -> ok.
log(#{level := Level} = Event, #{formatter := {Formatter, Config}}) ->
    beamtalk_host:event({log, Level, unicode:characters_to_binary(Formatter:format(Event, Config))}).

%% The VM says only in its log that a process ended for its heap's size: its exit reason is a mere `killed'.
-spec watch_heaps() -> ok.
watch_heaps() ->
    _ = logger:add_primary_filter(beamtalk_heap, {fun ?MODULE:heap_filter/2, none}),
    ok.

%% The report (erts, erl_process.c) is `Process: … Context: maximum heap size reached …'.
-spec heap_filter(logger:log_event(), none) -> logger:filter_return().
heap_filter(#{level := error, msg := {Format, [Pid | _]}}, none) when is_list(Format) ->
    case string:find(Format, "maximum heap size reached") of
        nomatch ->
            ignore;
        _ ->
            beamtalk_memory:exceeded(Pid),
            stop
    end;
heap_filter(_, _) ->
    ignore.
