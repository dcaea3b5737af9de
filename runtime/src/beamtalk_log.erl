%%% The node's log lines as events for the host, and the VM's notice that a heap limit ended a process.
-module(beamtalk_log).

-export([watch_heaps/0, install/0, log/2, heap_filter/2]).

-define(LINE_LIMIT, 8192).
%% So many of an entry's metadata are told.
-define(METADATA_LIMIT, 50).
%% What the logger and OTP's own reports say of an entry, or what is told in another way.
-define(OWN, [
    time, pid, gl, mfa, file, line, domain, report_cb, error_logger, logger_formatter, beamtalk_class, beamtalk_selector
]).

%% Log lines go to the host instead of standard output, which belongs to programs. The level that counts is the logger's.
-spec install() -> ok.
install() ->
    ok = logger:set_primary_config(level, info),
    _ = logger:add_handler(?MODULE, ?MODULE, #{
        level => all,
        filters => [{progress, {fun logger_filters:progress/2, stop}}],
        formatter => {logger_formatter, #{single_line => true, template => [msg], chars_limit => ?LINE_LIMIT}}
    }),
    _ = logger:remove_handler(default),
    ok.

-spec log(logger:log_event(), logger:handler_config()) -> ok.
log(#{level := Level, meta := Meta} = Event, #{formatter := {Formatter, Config}}) ->
    Text = unicode:characters_to_binary(Formatter:format(Event, Config)),
    beamtalk_host:event({log, Level, Text, origin(Meta)}).

origin(Meta) ->
    #{
        class => text(maps:get(beamtalk_class, Meta, nil)),
        selector => text(maps:get(beamtalk_selector, Meta, nil)),
        metadata => told(lists:sublist(lists:sort(maps:to_list(maps:without(?OWN, Meta))), ?METADATA_LIMIT))
    }.

text(nil) -> nil;
text(Name) -> atom_to_binary(Name).

told([]) ->
    nil;
told(Entries) ->
    Texts = [[beamtalk_print:display_string(Key), "=", beamtalk_display:short(Value)] || {Key, Value} <- Entries],
    unicode:characters_to_binary(lists:join(" ", Texts)).

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
