; The installer for Windows: for one person, without an administrator. `cargo xtask package --target windows` makes it, with
;   VERSION   of what is installed, and NUMBERS, the same as four numbers
;   PROGRAMS  the folder with roomwire-app.exe, roomwire.exe and WebView2Loader.dll
;   PROJECT   the top of the checkout, for the icon and the licences
;   OUT       the installer's own path
;
; `/S` installs without asking, into the folder of `/D=…`, which must stand last and without quotes.
; Exit codes: 0 done, 1 given up by the person, 2 given up because Roomwire is running.

Target amd64-unicode
SetCompressor /SOLID lzma
SetCompressorDictSize 32
ManifestDPIAware true
RequestExecutionLevel user

!include MUI2.nsh
!include LogicLib.nsh
!include FileFunc.nsh
!include nsDialogs.nsh

Name "Roomwire"
OutFile "${OUT}"
BrandingText "Roomwire ${VERSION}"
InstallDir "$LOCALAPPDATA\Programs\Roomwire"
InstallDirRegKey HKCU "Software\Roomwire" "Folder"

VIProductVersion "${NUMBERS}"
VIAddVersionKey /LANG=1033 "ProductName" "Roomwire"
VIAddVersionKey /LANG=1033 "ProductVersion" "${VERSION}"
VIAddVersionKey /LANG=1033 "FileDescription" "Roomwire's installer"
VIAddVersionKey /LANG=1033 "FileVersion" "${VERSION}"
VIAddVersionKey /LANG=1033 "CompanyName" "The Roomwire authors"
VIAddVersionKey /LANG=1033 "LegalCopyright" "The Roomwire authors; MIT or Apache 2.0"

!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Roomwire"
!define WEBVIEW2_CLIENT "Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}"
!define WEBVIEW2_PAGE "https://developer.microsoft.com/microsoft-edge/webview2/"
; One name for the rules of both programs, by which both are removed.
!define RULE "Roomwire"

Var AllowIncoming
Var AllowIncomingBox

; --- What is asked and shown, in the system's language ---

!define MUI_ICON "${PROJECT}/icons/icon.ico"
!define MUI_UNICON "${PROJECT}/icons/icon.ico"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\roomwire-app.exe"

!insertmacro MUI_PAGE_DIRECTORY
Page custom askAboutFirewall readAboutFirewall
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES

!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "SimpChinese"

LangString FIREWALL_TITLE ${LANG_ENGLISH} "Rooms that you host"
LangString FIREWALL_TITLE ${LANG_SIMPCHINESE} "由您开设的房间"
LangString FIREWALL_SUBTITLE ${LANG_ENGLISH} "May others connect to this computer?"
LangString FIREWALL_SUBTITLE ${LANG_SIMPCHINESE} "是否允许他人连接到这台电脑？"
LangString FIREWALL_REASON ${LANG_ENGLISH} "Those who join a room of yours connect to your computer. Windows Firewall refuses that until a rule allows it. With such a rule, others on your private or work network can join as soon as you host.$\r$\n$\r$\nThe rule concerns Roomwire only, and is removed with it. Adding it needs an administrator's consent: Windows will ask. Without the rule, Windows asks when you host for the first time; to join rooms of others you need none."
LangString FIREWALL_REASON ${LANG_SIMPCHINESE} "加入您房间的人会连接到您的电脑。在有规则允许之前，Windows 防火墙会拒绝这些连接。添加规则后，您一开设房间，专用网络或工作网络上的其他人就能加入。$\r$\n$\r$\n该规则只涉及 Roomwire，卸载时会一并删除。添加规则需要管理员同意，Windows 会询问您。如不添加，您首次开设房间时 Windows 会询问；加入他人的房间则不需要规则。"
LangString FIREWALL_BOX ${LANG_ENGLISH} "&Add a firewall rule for Roomwire (private and domain networks)"
LangString FIREWALL_BOX ${LANG_SIMPCHINESE} "为 Roomwire 添加防火墙规则（专用网络和域网络）(&A)"
LangString RUNNING ${LANG_ENGLISH} "Roomwire is running. Leave the room, close Roomwire, and try again; nothing has been changed so far."
LangString RUNNING ${LANG_SIMPCHINESE} "Roomwire 正在运行。请离开房间、关闭 Roomwire 后重试；目前尚未更改任何内容。"
LangString NO_WEBVIEW2 ${LANG_ENGLISH} "Roomwire is installed, but its window needs Microsoft's WebView2 Runtime, which this computer lacks. Windows 11 has it, and so has Windows 10 with current updates. The terminal program roomwire.exe works without it.$\r$\n$\r$\nOpen Microsoft's page, where it can be downloaded (Evergreen Bootstrapper)?"
LangString NO_WEBVIEW2 ${LANG_SIMPCHINESE} "Roomwire 已安装，但其窗口需要 Microsoft 的 WebView2 运行时，而这台电脑上没有。Windows 11 和更新到最新的 Windows 10 自带该组件。终端程序 roomwire.exe 不需要它。$\r$\n$\r$\n是否打开 Microsoft 的下载页面（Evergreen Bootstrapper）？"
LangString TERMINAL ${LANG_ENGLISH} "Roomwire in a terminal"
LangString TERMINAL ${LANG_SIMPCHINESE} "终端中的 Roomwire"

; --- Installing ---

Section
  Call waitUntilClosed
  SetOutPath "$INSTDIR"
  File "${PROGRAMS}/roomwire-app.exe"
  File "${PROGRAMS}/roomwire.exe"
  File "${PROGRAMS}/WebView2Loader.dll"
  File "${PROJECT}/LICENSE-MIT"
  File "${PROJECT}/LICENSE-APACHE"
  WriteUninstaller "$INSTDIR\uninstall.exe"

  ; The language of an earlier installation may have been another.
  RMDir /r "$SMPROGRAMS\Roomwire"
  CreateDirectory "$SMPROGRAMS\Roomwire"
  CreateShortcut "$SMPROGRAMS\Roomwire\Roomwire.lnk" "$INSTDIR\roomwire-app.exe"
  CreateShortcut "$SMPROGRAMS\Roomwire\$(TERMINAL).lnk" "$SYSDIR\cmd.exe" '/k set "PATH=$INSTDIR;%PATH%" & roomwire --help' "$INSTDIR\roomwire-app.exe"

  WriteRegStr HKCU "Software\Roomwire" "Folder" "$INSTDIR"
  WriteRegStr HKCU "Software\Classes\roomwire" "" "URL:Roomwire"
  WriteRegStr HKCU "Software\Classes\roomwire" "URL Protocol" ""
  WriteRegStr HKCU "Software\Classes\roomwire\DefaultIcon" "" "$INSTDIR\roomwire-app.exe,0"
  WriteRegStr HKCU "Software\Classes\roomwire\shell\open\command" "" '"$INSTDIR\roomwire-app.exe" "%1"'

  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayName" "Roomwire"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\roomwire-app.exe,0"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "Publisher" "The Roomwire authors"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "EstimatedSize" $0

  ${If} $AllowIncoming == ${BST_CHECKED}
    Call allowIncoming
  ${EndIf}
  Call lookForWebView2
SectionEnd

; A program that is running cannot be replaced; half of a new version beside half of an old one would be worse than either.
!macro WAIT_UNTIL_CLOSED UN
Function ${UN}waitUntilClosed
  again:
  StrCpy $0 ""
  !insertmacro NOTE_IF_RUNNING "roomwire-app.exe"
  !insertmacro NOTE_IF_RUNNING "roomwire.exe"
  ${If} $0 != ""
    MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(RUNNING)" /SD IDCANCEL IDRETRY again
    SetErrorLevel 2
    Quit
  ${EndIf}
FunctionEnd
!macroend

; Windows lets nobody write to a program that is running.
!macro NOTE_IF_RUNNING PROGRAM
  ${If} ${FileExists} "$INSTDIR\${PROGRAM}"
    ClearErrors
    FileOpen $1 "$INSTDIR\${PROGRAM}" a
    ${If} ${Errors}
      StrCpy $0 "${PROGRAM}"
    ${Else}
      FileClose $1
    ${EndIf}
  ${EndIf}
!macroend

!insertmacro WAIT_UNTIL_CLOSED ""
!insertmacro WAIT_UNTIL_CLOSED "un."

; --- The firewall ---

Function askAboutFirewall
  ReadRegDWORD $0 HKCU "Software\Roomwire" "FirewallRule"
  ${If} $0 == 1
    Abort ; It was added by an earlier installation.
  ${EndIf}
  !insertmacro MUI_HEADER_TEXT "$(FIREWALL_TITLE)" "$(FIREWALL_SUBTITLE)"
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateLabel} 0 0 100% 90u "$(FIREWALL_REASON)"
  Pop $0
  ${NSD_CreateCheckbox} 0 100u 100% 12u "$(FIREWALL_BOX)"
  Pop $AllowIncomingBox
  nsDialogs::Show
FunctionEnd

Function readAboutFirewall
  ${NSD_GetState} $AllowIncomingBox $AllowIncoming
FunctionEnd

Function allowIncoming
  StrCpy $0 'netsh advfirewall firewall add rule name="${RULE}" dir=in action=allow profile=private,domain'
  ; One command for both, so that Windows asks once.
  ExecShellWait "runas" "$SYSDIR\cmd.exe" '/c $0 program="$INSTDIR\roomwire-app.exe" & $0 program="$INSTDIR\roomwire.exe"' SW_HIDE
  ${IfNot} ${Errors}
    WriteRegDWORD HKCU "Software\Roomwire" "FirewallRule" 1
  ${EndIf}
FunctionEnd

; --- The web view ---

Function lookForWebView2
  ; Installed for everybody, or for this person only; an uninstalled one leaves the version 0.0.0.0.
  ReadRegStr $0 HKLM "SOFTWARE\WOW6432Node\${WEBVIEW2_CLIENT}" "pv"
  ${If} $0 == ""
  ${OrIf} $0 == "0.0.0.0"
    ReadRegStr $0 HKCU "Software\${WEBVIEW2_CLIENT}" "pv"
  ${EndIf}
  ${If} $0 == ""
  ${OrIf} $0 == "0.0.0.0"
    MessageBox MB_YESNO|MB_ICONINFORMATION "$(NO_WEBVIEW2)" /SD IDNO IDNO stay
    ExecShell "open" "${WEBVIEW2_PAGE}"
    stay:
  ${EndIf}
FunctionEnd

; --- Uninstalling: all that was installed, and what the web view kept for itself. What is the person's stays: received
; files, settings, identity, known rooms, logs. ---

Section "Uninstall"
  Call un.waitUntilClosed
  ReadRegDWORD $0 HKCU "Software\Roomwire" "FirewallRule"
  ${If} $0 == 1
  ${AndIfNot} ${Silent}
    ExecShellWait "runas" "$SYSDIR\netsh.exe" 'advfirewall firewall delete rule name="${RULE}"' SW_HIDE
  ${EndIf}
  Delete "$INSTDIR\roomwire-app.exe"
  Delete "$INSTDIR\roomwire.exe"
  Delete "$INSTDIR\WebView2Loader.dll"
  Delete "$INSTDIR\LICENSE-MIT"
  Delete "$INSTDIR\LICENSE-APACHE"
  Delete "$INSTDIR\uninstall.exe"
  ; Only when nothing else is in it.
  RMDir "$INSTDIR"
  RMDir "$LOCALAPPDATA\Programs"
  RMDir /r "$SMPROGRAMS\Roomwire"
  RMDir /r "$LOCALAPPDATA\org.roomwire.app"
  DeleteRegKey HKCU "Software\Classes\roomwire"
  DeleteRegKey HKCU "${UNINSTALL_KEY}"
  DeleteRegKey HKCU "Software\Roomwire"
SectionEnd
