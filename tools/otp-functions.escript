#!/usr/bin/env escript
%% Prints what `crates/beamtalk_semantics/src/otp.txt` holds: the modules of the installed OTP, one a line, those that
%% programs call most with their exported functions and arities.
%%
%%     escript tools/otp-functions.escript > crates/beamtalk_semantics/src/otp.txt

-mode(compile).

main(_) ->
    Libraries = filelib:wildcard(filename:join(code:lib_dir(), "*")),
    Installed = [module(Beam) || Library <- Libraries, Beam <- filelib:wildcard(Library ++ "/ebin/*.beam")],
    lists:foreach(fun print/1, lists:usort(Installed ++ detailed() ++ elsewhere())).

module(Beam) -> list_to_atom(filename:basename(Beam, ".beam")).

print(Module) ->
    Functions = case lists:member(Module, detailed()) of
        true -> exports(Module);
        false -> []
    end,
    Names = lists:usort([Name || {Name, _} <- Functions]),
    Arities = fun(Name) -> lists:join(",", [integer_to_list(Arity) || {Each, Arity} <- Functions, Each =:= Name]) end,
    io:format("~ts~ts~n", [Module, [[" ", atom_to_list(Name), "/", Arities(Name)] || Name <- Names]]).

exports(Module) ->
    lists:usort([Each || {Name, _} = Each <- Module:module_info(exports), Name =/= module_info, Name =/= behaviour_info]).

%% Modules whose functions are checked.
detailed() ->
    [application, atomics, base64, binary, calendar, code, counters, crypto, dict, digraph, error_logger, erlang, ets,
     file, filelib, filename, gb_sets, gb_trees, gen_event, gen_server, gen_statem, gen_tcp, gen_udp, inet, io, io_lib,
     lists, logger, maps, math, orddict, ordsets, os, persistent_term, proc_lib, proplists, queue, rand, re, sets,
     string, supervisor, sys, timer, unicode, uri_string, zlib].

%% Modules of applications that an installation may lack, and of releases after 25.
elsewhere() ->
    [edlin_expand, erl_syntax, eunit, ftp, httpc, httpd, inets, json, mnesia, observer, odbc, public_key, snmp, snmpa,
     snmpm, ssh, ssh_client_channel, ssh_connection, ssh_sftp, ssl, tftp, tprof, trace, wx, xmerl, xmerl_sax_parser,
     xmerl_scan, xmerl_xpath, zstd].
